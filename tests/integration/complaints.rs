//! The table of complaints names tests that are there.

use std::fs;
use std::path::Path;

/// The table, which is a part of this binary's doc.
const TABLE: &str = include_str!("complaints.md");

/// How many complaints there are.
const COMPLAINTS: usize = 45;

#[test]
fn each_test_in_the_table_is_there() {
    let rows: Vec<[&str; 4]> = TABLE.lines().filter_map(row).collect();
    let numbers: Vec<&str> = rows.iter().map(|row| row[0]).collect();
    let expected: Vec<String> = (1..=COMPLAINTS).map(|number| number.to_string()).collect();
    assert_eq!(numbers, expected);
    for cells in &rows {
        assert!(cells.iter().all(|cell| !cell.is_empty()), "{cells:?}");
    }
    // What stands between backticks, if it is a path.
    let named = rows
        .iter()
        .flat_map(|cells| cells[3].split('`').skip(1).step_by(2));
    let named: Vec<&str> = named.filter(|word| word.contains("::")).collect();
    assert!(named.len() > COMPLAINTS, "{named:?}");
    let missing: Vec<&str> = named.into_iter().filter(|name| !is_test(name)).collect();
    assert!(missing.is_empty(), "no such tests: {missing:#?}");
}

/// Takes a row of complaints apart; other lines are `None`.
fn row(line: &str) -> Option<[&str; 4]> {
    let cells = line.strip_prefix("| ")?.strip_suffix(" |")?;
    let cells: Vec<&str> = cells.split('|').map(str::trim).collect();
    let cells: [&str; 4] = cells.try_into().ok()?;
    cells[0].parse::<usize>().is_ok().then_some(cells)
}

/// Says whether `module::name`, or `src/file.rs::name`, is a test.
fn is_test(name: &str) -> bool {
    let Some((place, function)) = name.split_once("::") else {
        return false;
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let file = match place.starts_with("src/") {
        true => root.join(place),
        false => root.join(format!("tests/integration/{place}.rs")),
    };
    let Ok(text) = fs::read_to_string(file) else {
        return false;
    };
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let begin = format!("fn {function}(");
    let mut at = lines.iter().enumerate();
    let is_marked = |index: usize| {
        let before = lines[..index].iter().rev();
        let mut attributes = before.take_while(|line| line.starts_with("#["));
        attributes.any(|line| line.starts_with("#[test]") || line.starts_with("#[tokio::test"))
    };
    at.any(|(index, line)| {
        line.trim_start_matches("async ").starts_with(&begin) && is_marked(index)
    })
}
