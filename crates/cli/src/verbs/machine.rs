//! Verbs about this machine and build: devices, doctor.

use crate::out::{self, say};
use foretask_experiment::tools;
use foretask_script::Error;

use super::print_json;
use crate::lines::table;

pub(crate) fn devices(json: bool) -> Result<(), Error> {
    let devices = tools::devices();
    if json {
        return print_json(&devices);
    }
    let rows: Vec<Vec<String>> = devices
        .iter()
        .filter(|device| device.missing.is_none())
        .map(|device| {
            let default = if device.default { "default" } else { "" };
            vec![device.name.clone(), default.to_owned(), device.about.clone()]
        })
        .collect();
    out::print(&table(&rows));
    for device in &devices {
        if let Some(missing) = &device.missing {
            say!("\nNot here: {}\n  {missing}", device.name);
        }
    }
    Ok(())
}

pub(crate) fn doctor(json: bool) -> Result<(), Error> {
    let findings = tools::doctor();
    if json {
        return print_json(&findings);
    }
    let rows: Vec<Vec<String>> =
        findings.iter().map(|finding| vec![finding.what.clone(), finding.state.clone()]).collect();
    out::print(&table(&rows));
    let fixes: Vec<_> = findings.iter().filter_map(|finding| Some((finding, finding.fix.as_ref()?))).collect();
    if !fixes.is_empty() {
        say!("\nWhat would make it better");
        for (finding, fix) in fixes {
            say!("  {}: {fix}", finding.what);
        }
    }
    Ok(())
}
