//! What is measured, as data.

/// A network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BenchNetwork {
    pub(crate) arch: &'static str,
    pub(crate) width: usize,
    /// `small` keeps full resolution, `strided` halves it.
    pub(crate) stem: &'static str,
}

/// How a case is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    /// Images within a window of time, by the runner and the peer's script.
    Window,
    /// The same while other processes keep every core busy.
    Busy,
    /// A process that does next to nothing, from beginning to end.
    Start,
    /// `foretask check` of the quickstart.
    Check,
    /// `foretask run` of the quickstart.
    Quickstart,
}

/// One case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Case {
    pub(crate) name: &'static str,
    /// The runner's and the script's word for it.
    pub(crate) work: &'static str,
    /// Height, width, channels.
    pub(crate) image: &'static str,
    pub(crate) net: Option<BenchNetwork>,
    pub(crate) batch: usize,
    /// Processes that share each batch out; ours are then those of the program with libtorch.
    pub(crate) ranks: usize,
    /// What the network computes in; flex takes no part in half precision.
    pub(crate) precision: &'static str,
    pub(crate) how: How,
    /// Whether it is measured without `--all`.
    pub(crate) quick: bool,
}

const R10W16: BenchNetwork = BenchNetwork { arch: "resnet10", width: 16, stem: "small" };
/// The quickstart's network.
const STRIDED: BenchNetwork = BenchNetwork { stem: "strided", ..R10W16 };
const R18W16: BenchNetwork = BenchNetwork { arch: "resnet18", ..R10W16 };
const R18W64: BenchNetwork = BenchNetwork { width: 64, ..R18W16 };
/// Networks that people start from; width and stem are of no use to them.
const LITE: BenchNetwork = BenchNetwork { arch: "efficientnet_lite0", ..R10W16 };
const VIT_TINY: BenchNetwork = BenchNetwork { arch: "vit_tiny", ..R10W16 };
const VIT_SMALL: BenchNetwork = BenchNetwork { arch: "vit_small", ..R10W16 };
const GRAY: &str = "28x28x1";
const COLOR: &str = "32x32x3";

impl Case {
    const fn new(name: &'static str, work: &'static str, image: &'static str, net: Option<BenchNetwork>) -> Self {
        Self { name, work, image, net, batch: 128, ranks: 1, precision: "f32", how: How::Window, quick: false }
    }

    const fn net(name: &'static str, work: &'static str, image: &'static str, net: BenchNetwork) -> Self {
        Self::new(name, work, image, Some(net))
    }

    const fn process(name: &'static str, how: How) -> Self {
        Self { how, ..Self::new(name, "start", "", None) }
    }

    const fn batch(self, batch: usize) -> Self {
        Self { batch, ..self }
    }

    const fn ranks(self, ranks: usize) -> Self {
        Self { ranks, ..self }
    }

    const fn bf16(self) -> Self {
        Self { precision: "bf16", ..self }
    }

    const fn busy(self) -> Self {
        Self { how: How::Busy, ..self }
    }

    const fn quick(self) -> Self {
        Self { quick: true, ..self }
    }

    /// Products of matrices, whose rate the others are held against. Its sides are told by the runner.
    pub(crate) const SGEMM: Self = Self::new("sgemm", "sgemm", "", None);

    /// Whether batches are made while it runs, so that the peer's number of workers matters.
    pub(crate) fn loads(&self) -> bool {
        matches!(self.how, How::Window | How::Busy) && !matches!(self.work, "compute" | "features")
    }

    /// Whether its figures are images within a window of time, rather than seconds of a process.
    pub(crate) fn is_rate(&self) -> bool {
        matches!(self.how, How::Window | How::Busy)
    }
}

/// Every case. Features are taken of 256 images at once, as `foretask` does.
pub(crate) const CASES: &[Case] = &[
    Case::new("data-28", "data", GRAY, None).quick(),
    Case::new("data-32", "data", COLOR, None).quick(),
    Case::new("data-224", "data", "224x224x3", None).batch(32),
    Case::new("photos-224", "photos", "224x224x3", None).batch(32).quick(),
    Case::net("compute-28-r10w16", "compute", GRAY, R10W16),
    Case::net("compute-28-r10w16-strided", "compute", GRAY, STRIDED),
    Case::net("compute-28-r18w16", "compute", GRAY, R18W16).quick(),
    Case::net("compute-32-r18w16", "compute", COLOR, R18W16),
    Case::net("compute-28-r18w64", "compute", GRAY, R18W64),
    Case::net("compute-32-r18w64", "compute", COLOR, R18W64),
    Case::net("compute-28-r18w16-bf16", "compute", GRAY, R18W16).bf16(),
    Case::net("compute-32-r18w64-bf16", "compute", COLOR, R18W64).bf16(),
    Case::net("simclr-28-r10w16", "simclr", GRAY, R10W16),
    Case::net("simclr-28-r10w16-strided", "simclr", GRAY, STRIDED).quick(),
    Case::net("simclr-28-r18w16", "simclr", GRAY, R18W16).quick(),
    Case::net("simclr-32-r10w16", "simclr", COLOR, R10W16),
    Case::net("simclr-32-r18w16", "simclr", COLOR, R18W16).quick(),
    Case::net("simclr-32-r18w64", "simclr", COLOR, R18W64),
    Case::net("simclr-32-r18w64-bf16", "simclr", COLOR, R18W64).bf16(),
    Case::net("ranks-simclr-32-r18w16", "simclr", COLOR, R18W16).ranks(2),
    Case::net("ranks-simclr-32-r18w64", "simclr", COLOR, R18W64).ranks(2),
    Case::net("rotation-28-r18w16", "rotation", GRAY, R18W16).quick(),
    Case::net("rotation-32-r18w16", "rotation", COLOR, R18W16),
    Case::net("super-resolution-28-r18w16", "super_resolution", GRAY, R18W16).quick(),
    Case::net("super-resolution-32-r18w16", "super_resolution", COLOR, R18W16),
    Case::net("features-28-r18w16", "features", GRAY, R18W16).batch(256).quick(),
    Case::net("features-32-r18w16", "features", COLOR, R18W16).batch(256),
    Case::net("features-28-r18w64", "features", GRAY, R18W64).batch(256),
    Case::net("features-128-lite0", "features", "128x128x3", LITE).batch(256),
    Case::net("features-224-vit-small", "features", "224x224x3", VIT_SMALL).batch(256),
    Case::net("compute-32-vit-tiny", "compute", COLOR, VIT_TINY).batch(64),
    Case::net("finetune-28-r18w16", "finetune", GRAY, R18W16).quick(),
    Case::net("finetune-32-r18w16", "finetune", COLOR, R18W16),
    Case::net("busy-simclr-28-r18w16", "simclr", GRAY, R18W16).busy().quick(),
    Case::process("start", How::Start).quick(),
    Case::process("check", How::Check).quick(),
    Case::process("quickstart", How::Quickstart),
];

/// The cases to measure: those whose name contains one of `only`, else all or the quick ones.
pub(crate) fn choose(only: &[String], all: bool) -> Vec<Case> {
    let wanted = |case: &&Case| match only {
        [] => all || case.quick,
        only => only.iter().any(|part| case.name.contains(part.as_str())),
    };
    CASES.iter().filter(wanted).copied().collect()
}

/// The same work undisturbed, of a case that is measured on a busy machine.
pub(crate) fn undisturbed(case: &Case) -> Option<&'static Case> {
    let same = |other: &&Case| {
        other.how == How::Window
            && other.ranks == 1
            && (other.work, other.image, other.net, other.precision)
                == (case.work, case.image, case.net, case.precision)
    };
    (case.how == How::Busy).then(|| CASES.iter().find(same)).flatten()
}

/// A case in words.
pub(crate) fn what(case: &Case) -> String {
    let work = match (case.how, case.work) {
        (How::Start, _) => return "a device and its first number (peer: imports too)".to_owned(),
        (How::Check, _) => return "foretask check quickstart".to_owned(),
        (How::Quickstart, _) => return "foretask run quickstart, its time budgets among it".to_owned(),
        (_, "data") => "two SimCLR views",
        (_, "photos") => "JPEG decoded, two SimCLR views",
        (_, "compute") => "SimCLR step, compute only",
        (_, "simclr") => "SimCLR end to end",
        (_, "rotation") => "rotation end to end, four turns an image",
        (_, "super_resolution") => "super-resolution end to end",
        (_, "features") => "feature extraction",
        (_, "finetune") => "fine-tuning end to end",
        (_, other) => other,
    };
    let net = case.net.map_or(String::new(), |net| {
        let stem = if net.stem == "strided" { ", strided stem" } else { "" };
        if net.arch.starts_with("resnet") {
            format!(", {} width {}{stem}", net.arch, net.width)
        } else {
            format!(", {}", net.arch)
        }
    });
    let busy = if case.how == How::Busy { ", every core busy with something else" } else { "" };
    let ranks = if case.ranks > 1 { format!(", {} ranks", case.ranks) } else { String::new() };
    format!("{work}, {}{net}, batch {}{ranks}{busy}", case.image, case.batch)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unique_and_every_busy_case_has_its_undisturbed_one() {
        let names: BTreeSet<_> = CASES.iter().map(|case| case.name).collect();
        assert_eq!(names.len(), CASES.len());
        let busy: Vec<_> = CASES.iter().filter(|case| case.how == How::Busy).collect();
        assert!(!busy.is_empty());
        for case in busy {
            assert_eq!(undisturbed(case).map(|case| case.name), case.name.strip_prefix("busy-"));
        }
        assert_eq!(undisturbed(&CASES[0]), None);
    }

    #[test]
    fn cases_are_chosen_by_part_of_their_name() {
        let names = |only: &[&str], all| {
            let only: Vec<_> = only.iter().map(|&part| part.to_owned()).collect();
            choose(&only, all).iter().map(|case| case.name).collect::<Vec<_>>()
        };
        assert_eq!(names(&["data", "check"], false), ["data-28", "data-32", "data-224", "check"]);
        assert_eq!(names(&["compute-32-r18w64"], false), ["compute-32-r18w64", "compute-32-r18w64-bf16"]);
        assert_eq!(names(&[], true).len(), CASES.len());
        let quick = names(&[], false);
        assert!(quick.len() < CASES.len() && quick.contains(&"start") && !quick.contains(&"quickstart"));
        assert_eq!(names(&["nothing"], true), [""; 0]);
    }
}
