//! The table, as Markdown and as JSON.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::{Map, Value, json};

use super::cases::{Case, How, undisturbed, what};
use super::statistics::{Sample, Summary, summary};

/// Who was measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Flex,
    Libtorch,
    Peer,
}

const SIDES: [Side; 3] = [Side::Flex, Side::Libtorch, Side::Peer];

/// A number of each side that was measured.
type BySide = [(Side, Option<f64>); 3];

impl Side {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Flex => "flex",
            Self::Libtorch => "libtorch",
            Self::Peer => "peer",
        }
    }

    pub(crate) fn of(name: &str) -> Option<Self> {
        SIDES.into_iter().find(|side| side.name() == name)
    }
}

/// One case on one number of threads.
pub(crate) struct Row {
    case: Case,
    threads: usize,
    /// The peer's, where it has any.
    pub(crate) workers: Option<usize>,
    /// By side.
    samples: [Vec<Sample>; 3],
}

impl Row {
    pub(crate) fn new(case: Case, threads: usize) -> Self {
        Self { case, threads, workers: None, samples: Default::default() }
    }

    pub(crate) fn add(&mut self, side: Side, sample: Sample) {
        self.samples[side as usize].push(sample);
    }

    fn summary(&self, side: Side) -> Option<Summary> {
        summary(&self.samples[side as usize])
    }

    /// Ours over the peer's.
    fn ratio(&self, side: Side, value: impl Fn(&Summary) -> f64) -> Option<f64> {
        Some(value(&self.summary(side)?) / value(&self.summary(Side::Peer)?))
    }

    /// For the one who waits.
    pub(crate) fn to_line(&self) -> String {
        let mut line = String::new();
        for side in SIDES {
            let Some(found) = self.summary(side) else { continue };
            let _ = if self.case.is_rate() {
                write!(
                    line,
                    "  {}: {} images/s, {} a core-second, {} MB",
                    side.name(),
                    digits(found.images_per_second),
                    digits(found.images_per_core_second),
                    megabytes(&found)
                )
            } else {
                write!(line, "  {}: {} s, {} MB", side.name(), digits(found.seconds()), megabytes(&found))
            };
        }
        line
    }

    fn to_json(&self) -> Value {
        let mut sides = Map::new();
        for side in SIDES {
            let Some(found) = self.summary(side) else { continue };
            let mut value = found.to_json();
            value["samples"] = self.samples[side as usize].iter().map(|sample| sample.to_json()).collect();
            sides.insert(side.name().to_owned(), value);
        }
        let ratios = |side| {
            json!({
                "speed": self.ratio(side, |found| found.images_per_second),
                "speed_per_core": self.ratio(side, |found| found.images_per_core_second),
                "memory": self.ratio(side, |found| found.peak_bytes),
            })
        };
        json!({
            "case": self.case.name,
            "what": what(&self.case),
            "threads": self.threads,
            "peer_workers": self.workers,
            "sides": sides,
            "ours_over_peer": { "flex": ratios(Side::Flex), "libtorch": ratios(Side::Libtorch) },
        })
    }
}

/// Everything measured.
pub(crate) struct Table {
    machine: Value,
    settings: Value,
    /// Operations a second of a product of f32 matrices, by number of threads.
    pub(crate) sgemm: BTreeMap<usize, f64>,
    pub(crate) rows: Vec<Row>,
}

/// A heading, and what a table under it shows of each side.
type Part = (&'static str, fn(&Summary) -> f64, fn(&Summary) -> String);

const RATES: [Part; 3] = [
    ("Source images a second", |found| found.images_per_second, |found| digits(found.images_per_second)),
    (
        "Source images a core-second (of all threads' and workers' CPU time)",
        |found| found.images_per_core_second,
        |found| digits(found.images_per_core_second),
    ),
    ("Peak memory in MB (lower is better)", |found| found.peak_bytes, megabytes),
];
const SECONDS: [Part; 1] =
    [("Seconds of a whole process (lower is better)", Summary::seconds, |found| digits(found.seconds()))];

impl Table {
    pub(crate) fn new(machine: Value, settings: Value) -> Self {
        Self { machine, settings, sgemm: BTreeMap::new(), rows: Vec::new() }
    }

    pub(crate) fn to_json(&self) -> Value {
        json!({
            "machine": self.machine,
            "settings": self.settings,
            "sgemm_flops": self.sgemm,
            "rows": self.rows.iter().map(Row::to_json).collect::<Vec<_>>(),
            "slow_down_on_a_busy_machine": self.slow_downs().into_iter().map(|(row, factors)| {
                let factors: Map<_, _> = factors.map(|(side, factor)| (side.name().to_owned(), json!(factor))).into_iter().collect();
                json!({ "case": row.case.name, "threads": row.threads, "factors": factors })
            }).collect::<Vec<_>>(),
        })
    }

    pub(crate) fn to_markdown(&self) -> String {
        let mut text = self.introduction();
        let (rates, processes): (Vec<&Row>, Vec<&Row>) = self.rows.iter().partition(|row| row.case.is_rate());
        for part in RATES {
            text.push_str(&table(part, &rates, true));
        }
        for part in SECONDS {
            text.push_str(&table(part, &processes, false));
        }
        text.push_str(&self.shares());
        text.push_str(&self.busy());
        text
    }

    /// Operations a second of each case as shares of [`Table::sgemm`]; the same network costs the peer as many.
    fn shares(&self) -> String {
        let mut text = String::new();
        for row in &self.rows {
            let flops = row.samples.iter().flatten().find_map(|sample| sample.flops_per_image);
            let (Some(flops), Some(best)) = (flops, self.sgemm.get(&row.threads)) else { continue };
            let share = |side| row.summary(side).map(|found| 100.0 * flops * found.images_per_second / best);
            let cells = SIDES.map(|side| share(side).map_or("-".to_owned(), |share| format!("{share:.0} %")));
            let _ = writeln!(text, "| {} | {} | {} |", row.case.name, row.threads, cells.join(" | "));
        }
        if text.is_empty() {
            return text;
        }
        let rates = self.sgemm.iter().map(|(threads, rate)| format!("{:.0} GFLOP/s on {threads} threads", rate / 1e9));
        format!(
            "\n## Share of what a product of f32 matrices reaches\n\nTwo matrices of 1024x1024: {}. Operations of the network, without heads \
             and views; a multiply-add counts two.\n\n| case | threads | flex | libtorch | peer |\n|---|---|---|---|---|\n{text}",
            rates.collect::<Vec<_>>().join(", ")
        )
    }

    fn introduction(&self) -> String {
        let machine = |name: &str| match &self.machine[name] {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let mut text = format!(
            "# Speed beside PyTorch and lightly\n\n\
             Made by `cargo xtask bench` on {}, commit {}: {}, {} cores, {}, {} GiB of memory, {}.\n",
            machine("date"),
            machine("commit"),
            machine("processor"),
            machine("cores"),
            machine("instructions"),
            machine("memory_gib"),
            machine("rust"),
        );
        let _ = writeln!(
            text,
            "Medians of {} runs, the sides in turn, each run a process of its own. A run counts {} s; a warm-up of a third of \
             that, and two steps at least, goes before and does not count.",
            self.settings["repeats"], self.settings["seconds"]
        );
        if let Some(versions) = self.settings["peer"].as_str() {
            let _ = writeln!(
                text,
                "The peer is {versions}, channels-last, with fused AdamW and the number of loader workers that it is fastest \
                 with; networks, views, batches and optimizer are the same on both sides. Ratios are ours over the peer's."
            );
        }
        let loads = || self.rows.iter().flat_map(|row| row.samples.iter().flatten()).map(|sample| sample.load);
        let (least, most) = (loads().fold(f64::INFINITY, f64::min), loads().fold(0.0, f64::max));
        if least.is_finite() {
            let _ = writeln!(
                text,
                "The machine's load when runs began was {least:.1} to {most:.1}, the benchmark's own among it."
            );
        }
        text.push_str(
            "Cases named bf16 compute in bf16 on both sides, all others in f32. Runs on fewer threads than cores are held to \
             so many cores.\n",
        );
        text
    }

    /// Rates undisturbed over rates on a busy machine, for cases of which both were measured.
    fn slow_downs(&self) -> Vec<(&Row, BySide)> {
        let busy = self.rows.iter().filter(|row| row.case.how == How::Busy);
        busy.filter_map(|row| {
            let free = undisturbed(&row.case)?;
            let free = self.rows.iter().find(|other| other.case == *free && other.threads == row.threads)?;
            let rate = |row: &Row, side| row.summary(side).map(|found| found.images_per_second);
            let factor = |side| Some(rate(free, side)? / rate(row, side)?);
            Some((row, SIDES.map(|side| (side, factor(side)))))
        })
        .collect()
    }

    fn busy(&self) -> String {
        let slow_downs = self.slow_downs();
        if slow_downs.is_empty() {
            return String::new();
        }
        let mut text = String::from(
            "\n## Slow-down while another process keeps every core busy (lower is better)\n\n\
             | case | threads | flex | libtorch | peer |\n|---|---|---|---|---|\n",
        );
        for (row, factors) in slow_downs {
            let factors = factors.map(|(_, factor)| factor.map_or("-".to_owned(), |factor| format!("{factor:.1}x")));
            let _ = writeln!(text, "| {} | {} | {} |", row.case.name, row.threads, factors.join(" | "));
        }
        text
    }
}

fn table((heading, value, shown): Part, rows: &[&Row], workers: bool) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let mut text = format!(
        "\n## {heading}\n\n| case | what | threads | flex | libtorch | peer | flex / peer | libtorch / peer |\n\
         |---|---|---|---|---|---|---|---|\n"
    );
    for row in rows {
        let mut cells = SIDES.map(|side| row.summary(side).map_or("-".to_owned(), |found| shown(&found)));
        if let (true, Some(count), Some(_)) = (workers, row.workers, row.summary(Side::Peer)) {
            let _ = write!(cells[Side::Peer as usize], " ({count} workers)");
        }
        let ratio = |side| row.ratio(side, value).map_or("-".to_owned(), |ratio| format!("{ratio:.2}"));
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} |",
            row.case.name,
            what(&row.case),
            row.threads,
            cells.join(" | "),
            ratio(Side::Flex),
            ratio(Side::Libtorch)
        );
    }
    text
}

/// Three digits that matter: 12345, 123, 12.3, 1.23, 0.0123.
fn digits(value: f64) -> String {
    let places = match value.abs() {
        100.0.. => 0,
        10.0.. => 1,
        1.0.. => 2,
        0.1.. => 3,
        _ => 4,
    };
    format!("{value:.places$}")
}

fn megabytes(found: &Summary) -> String {
    format!("{:.0}", found.peak_bytes / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::cases::CASES;

    fn case(name: &str) -> Case {
        *CASES.iter().find(|case| case.name == name).unwrap()
    }

    fn sample(images: f64, cpu_seconds: f64, megabytes: f64) -> Sample {
        Sample {
            images,
            seconds: 2.0,
            cpu_seconds,
            peak_bytes: megabytes * 1e6,
            load: 0.25,
            flops_per_image: Some(1e9),
        }
    }

    fn measured() -> Table {
        let mut simclr = Row::new(case("simclr-28-r18w16"), 2);
        for images in [600.0, 800.0, 900.0] {
            simclr.add(Side::Flex, sample(images, 4.0, 300.0));
        }
        simclr.add(Side::Peer, sample(640.0, 3.2, 1200.0));
        simclr.workers = Some(1);
        let mut busy = Row::new(case("busy-simclr-28-r18w16"), 2);
        busy.add(Side::Flex, sample(400.0, 2.0, 300.0));
        busy.add(Side::Peer, sample(64.0, 2.0, 1200.0));
        let mut check = Row::new(case("check"), 2);
        check.add(
            Side::Flex,
            Sample {
                images: 1.0,
                seconds: 0.05,
                cpu_seconds: 0.04,
                peak_bytes: 9e7,
                load: 0.75,
                flops_per_image: None,
            },
        );
        let machine = json!({ "date": "2026-11-23", "commit": "abc", "processor": "CPU 9", "cores": 2, "instructions": "AVX2",
            "memory_gib": 23.0, "rust": "rustc 1.95.0" });
        let settings = json!({ "repeats": 3, "seconds": 2.0, "peer": "torch 2" });
        let sgemm = BTreeMap::from([(2, 1e12)]);
        Table { machine, settings, sgemm, rows: vec![simclr, busy, check] }
    }

    #[test]
    fn markdown_holds_medians_ratios_and_slow_downs() {
        let text = measured().to_markdown();
        let what = "SimCLR end to end, 28x28x1, resnet18 width 16, batch 128";
        for line in [
            // 400 over 320; 200 over 200; 300 over 1200.
            format!("| simclr-28-r18w16 | {what} | 2 | 400 | - | 320 (1 workers) | 1.25 | - |"),
            format!("| simclr-28-r18w16 | {what} | 2 | 200 | - | 200 (1 workers) | 1.00 | - |"),
            format!("| simclr-28-r18w16 | {what} | 2 | 300 | - | 1200 (1 workers) | 0.25 | - |"),
            "| check | foretask check quickstart | 2 | 0.0500 | - | - | - | - |".to_owned(),
            "| busy-simclr-28-r18w16 | 2 | 2.0x | - | 10.0x |".to_owned(),
            // 400 images a second of 1 GFLOP, of 1,000 GFLOP a second.
            "| simclr-28-r18w16 | 2 | 40 % | - | 32 % |".to_owned(),
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
        assert!(
            text.contains("1000 GFLOP/s on 2 threads")
                && text.contains("CPU 9, 2 cores, AVX2, 23.0 GiB")
                && text.contains("load when runs began was 0.2 to 0.8"),
            "{text}"
        );
        assert!(text.ends_with("|\n") && !text.contains(" \n"));
    }

    #[test]
    fn json_holds_every_sample_and_the_ratios() {
        let value = measured().to_json();
        let row = &value["rows"][0];
        assert_eq!(row["sides"]["flex"]["samples"].as_array().unwrap().len(), 3);
        assert_eq!(row["sides"]["flex"]["images_per_second"], 400.0);
        assert_eq!(row["ours_over_peer"]["flex"], json!({ "speed": 1.25, "speed_per_core": 1.0, "memory": 0.25 }));
        assert_eq!(row["ours_over_peer"]["libtorch"]["speed"], Value::Null);
        assert_eq!(value["slow_down_on_a_busy_machine"][0]["factors"]["peer"], 10.0);
    }

    #[test]
    fn figures_have_three_digits() {
        let shown = [12345.6, 123.4, 12.34, 1.234, 0.1234, 0.01234].map(digits);
        assert_eq!(shown, ["12346", "123", "12.3", "1.23", "0.123", "0.0123"]);
    }
}
