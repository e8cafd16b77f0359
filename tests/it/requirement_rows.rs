//! Compares the rows of docs/requirements.md with the names of the tests, so that neither can drift
//! from the other.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

const ROWS: &str = "docs/requirements.md";
/// Where tests are named by row: test functions, cases of tables, and fuzz targets.
const FOLDERS: [&str; 3] = ["tests", "src", "fuzz"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    /// Implemented, also where a part of the row is still planned.
    Implemented,
    Planned,
}

/// A source file: its path, for messages, and its text.
type Source = (String, String);

#[test]
fn every_row_has_a_test_and_every_test_has_a_row() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    // A published package has neither the rows nor the other packages' tests.
    if !root.join(ROWS).exists() && !root.join("fuzz").exists() {
        return;
    }
    let rows = fs::read_to_string(root.join(ROWS)).unwrap();
    let mut sources = Vec::new();
    for folder in FOLDERS {
        collect_sources(root, &root.join(folder), &mut sources);
    }
    assert!(sources.len() > 100, "only {} source files", sources.len());
    let problems = compare(&rows, &sources);
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

/// The guide says which test holds each requirement of the MCP specification.
#[test]
fn the_guide_names_tests_that_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    if !root.join(ROWS).exists() {
        return;
    }
    let mut sources = Vec::new();
    for folder in FOLDERS.into_iter().chain(["examples"]) {
        collect_sources(root, &root.join(folder), &mut sources);
    }
    let guide = fs::read_to_string(root.join("docs/guide/mcp.md")).unwrap();
    let is_test = |name: &&str| {
        let (row, rest) = name.split_once('_').unwrap_or_default();
        row.len() == 3 && row[1..].bytes().all(|byte| byte.is_ascii_digit()) && !rest.is_empty()
    };
    let named: BTreeSet<&str> = guide.split('`').filter(is_test).collect();
    assert!(named.len() > 20, "only {} tests are named", named.len());
    let missing: Vec<_> = named
        .into_iter()
        .filter(|name| {
            let declared = format!("fn {name}(");
            !sources.iter().any(|(_, text)| text.contains(&declared))
        })
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn each_kind_of_difference_is_reported() {
    const ROWS: &str = "\
        # Rows\n\
        - **T01** Text.\n  More text.\n\
        - **D01** (planned) Text.\n\
        - **O01** (partly planned: roles) Text.\n";
    let good = "#[test]\nfn t01_o01_some_name() {}\n";
    let table = [
        ("", vec![]),
        (
            "- **T01** Again.\n",
            vec!["T01 appears twice in docs/requirements.md"],
        ),
        ("- **P03** Text.\n", vec!["P03 has no test"]),
    ];
    for (more_rows, expected) in table {
        let rows = format!("{ROWS}{more_rows}");
        let sources = [("a.rs".to_owned(), good.to_owned())];
        assert_eq!(compare(&rows, &sources), expected, "{more_rows}");
    }
    let table = [
        ("", "", vec!["O01 has no test", "T01 has no test"]),
        (good, "fn k99_no_test_at_all() {}", vec![]),
        (
            good,
            "let text = \"A128GCM\"; let text = \"X25519\";",
            vec![],
        ),
        (
            good,
            "#[test]\nfn k99_name() {}",
            vec!["K99 is named by b.rs and is not a row"],
        ),
        (
            good,
            "#[tokio::test]\n#[ignore = \"slow\"]\nasync fn t01_d01_name() {}",
            vec!["D01 is planned, and b.rs has a test for it"],
        ),
        (
            good,
            "(\"D01: a case\", 1)",
            vec!["D01 is planned, and b.rs has a test for it"],
        ),
        ("(\"T01\", 1)", "//! Row O01, the parser.\n", vec![]),
    ];
    for (one, other, expected) in table {
        let sources = [
            ("a.rs".to_owned(), one.to_owned()),
            ("b.rs".to_owned(), other.to_owned()),
        ];
        assert_eq!(compare(ROWS, &sources), expected, "{one}{other}");
    }
}

/// What is wrong, in the order of the IDs.
fn compare(rows: &str, sources: &[Source]) -> Vec<String> {
    let mut problems = Vec::new();
    let mut statuses = BTreeMap::new();
    for line in rows.lines() {
        let Some(rest) = line.strip_prefix("- **") else {
            continue;
        };
        let Some((id, text)) = rest.split_once("** ") else {
            continue;
        };
        let status = if text.starts_with("(planned) ") {
            Status::Planned
        } else {
            Status::Implemented
        };
        if statuses.insert(id, status).is_some() {
            problems.push(format!("{id} appears twice in {ROWS}"));
        }
    }
    let mut named: BTreeMap<String, &str> = BTreeMap::new();
    for (path, text) in sources {
        for id in ids_in(text) {
            named.entry(id).or_insert(path);
        }
    }
    for (id, path) in &named {
        match statuses.get(id.as_str()) {
            None => problems.push(format!("{id} is named by {path} and is not a row")),
            Some(Status::Planned) => {
                problems.push(format!("{id} is planned, and {path} has a test for it"));
            }
            Some(Status::Implemented) => {}
        }
    }
    for (id, status) in statuses {
        if status == Status::Implemented && !named.contains_key(id) {
            problems.push(format!("{id} has no test"));
        }
    }
    problems
}

/// The IDs that test functions, cases of tables and the first line of a fuzz target begin with.
fn ids_in(source: &str) -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    if let Some(target) = source.strip_prefix("//! Row ") {
        ids.extend(leading_id(target).map(str::to_owned));
    }
    let mut is_test = false;
    for line in source.lines() {
        let code = line.trim_start();
        let attributes = ["#[test]", "#[tokio::test", "#[actix_web::test"];
        is_test |= attributes
            .iter()
            .any(|attribute| code.starts_with(attribute));
        let function = code.strip_prefix("async ").unwrap_or(code);
        if let Some(name) = function.strip_prefix("fn ") {
            if is_test {
                let parts = name.split('_').map(str::to_ascii_uppercase);
                ids.extend(parts.take_while(|part| leading_id(part) == Some(part)));
            }
            is_test = false;
        }
        // Every second piece is inside quotes, unless a quote is escaped. Both kinds are looked at:
        // what is outside never begins with an ID.
        let literals = line.split('"').skip(1);
        ids.extend(literals.filter_map(leading_id).map(str::to_owned));
    }
    ids
}

/// The ID that this text begins with: a letter and two digits, and no further letter, digit or
/// hyphen.
fn leading_id(text: &str) -> Option<&str> {
    let (id, rest) = text.split_at_checked(3)?;
    let [letter, tens, ones] = id.as_bytes() else {
        return None;
    };
    let is_id = letter.is_ascii_uppercase() && tens.is_ascii_digit() && ones.is_ascii_digit();
    let ends = !rest.starts_with(|next: char| next.is_alphanumeric() || next == '-');
    (is_id && ends).then_some(id)
}

fn collect_sources(root: &Path, folder: &Path, sources: &mut Vec<Source>) {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    for path in paths {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            if name != "target" && name != "node_modules" {
                collect_sources(root, &path, sources);
            }
        // The IDs in this file's own example are not real ones.
        } else if path.extension().is_some_and(|extension| extension == "rs")
            && name != "requirement_rows.rs"
        {
            let shown = path.strip_prefix(root).unwrap().display().to_string();
            sources.push((shown, fs::read_to_string(&path).unwrap()));
        }
    }
}
