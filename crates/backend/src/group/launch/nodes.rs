//! Slurm's lists of machines: `gpu[003-005,9]-ib,cpu1`.

/// The first machine of a list, `None` where it names none. Of every range in brackets that is the first number, as written.
pub(super) fn first_node(list: &str) -> Option<String> {
    let mut name = String::new();
    // Within brackets: whether the first number is over.
    let mut brackets: Option<bool> = None;
    for c in list.chars() {
        match (c, brackets) {
            ('[', None) => brackets = Some(false),
            (']', Some(_)) => brackets = None,
            (',' | '-', Some(_)) => brackets = Some(true),
            (_, Some(true)) => {}
            (',' | ' ', None) => break,
            (c, _) => name.push(c),
        }
    }
    let fits = |c: char| c.is_alphanumeric() || "-_.:".contains(c);
    (brackets.is_none() && !name.is_empty() && name.chars().all(fits)).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::first_node;

    #[test]
    fn the_first_machine_is_found_in_every_kind_of_list() {
        // The first eight are those of Lightning's own tests.
        for (list, first) in [
            ("alpha,beta,gamma", "alpha"),
            ("alpha beta gamma", "alpha"),
            ("1.2.3.100", "1.2.3.100"),
            ("node1,node2", "node1"),
            ("host[22]", "host22"),
            ("host[1,5-9]", "host1"),
            ("host[5-9,1]", "host5"),
            ("host[1-9],host1000", "host1"),
            ("gpu[003-005,9]-ib,cpu1", "gpu003-ib"),
            ("rack[2-3]n[07-09]", "rack2n07"),
            ("a-b[10,12]", "a-b10"),
        ] {
            assert_eq!(first_node(list).as_deref(), Some(first), "{list}");
        }
        for list in ["", ",a", "host[1", "$(hostname)"] {
            assert_eq!(first_node(list), None, "{list}");
        }
    }
}
