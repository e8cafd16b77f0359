//! Runs the benches, and puts the tables that they print into README.md.
//!
//! `cargo run --release --manifest-path benches/Cargo.toml --bin tables` runs all benches of
//! Cargo.toml in its order, and then the guard. Names after `--` limit it to these benches. It also
//! draws the plots of the benches that write data for them.
//!
//! A bench prints each table after a line `<!-- NAME -->`. The name is that of the bench, perhaps
//! with a slash and a word, and README.md has the same line before the table. A bench that can't
//! measure a table prints `skipped: REASON` in its place, and the table stays as it is. So do the
//! tables of a bench that fails.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

const FOLDER: &str = env!("CARGO_MANIFEST_DIR");
/// What is a package of its own: its name, and how cargo runs it in the folder above.
const PACKAGES: [(&str, &[&str]); 1] = [(
    "guard",
    &["run", "--locked", "--profile", "guard", "-p", "guard"],
)];

/// The benches that write data for plots.
const PLOTTED: [&str; 2] = ["threads", "scale"];

fn main() -> ExitCode {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let known = names();
    let unknown = wanted.iter().find(|name| !known.contains(name));
    if let Some(unknown) = unknown {
        eprintln!(
            "there is no bench {unknown}; there are: {}",
            known.join(", ")
        );
        return ExitCode::FAILURE;
    }
    let mut report = Report::default();
    let mut has_data = false;
    for name in known
        .iter()
        .filter(|name| wanted.is_empty() || wanted.contains(name))
    {
        eprintln!("== {name}");
        match output_of(name) {
            Ok(output) => {
                report.take(name, &output);
                has_data |= PLOTTED.contains(&name.as_str());
            }
            Err(problem) => report.problems.push(problem),
        }
    }
    if has_data {
        report.problems.extend(draw().err());
    }
    report.find_strangers(&known);
    eprint!("{}", report.text());
    if report.problems.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// The benches of Cargo.toml, in its order, and the packages.
fn names() -> Vec<String> {
    let manifest = std::fs::read_to_string(Path::new(FOLDER).join("Cargo.toml"));
    let manifest = manifest.expect("the manifest of this package");
    let benches = manifest.split("[[bench]]").skip(1).filter_map(|section| {
        let name = section.lines().find_map(|line| line.strip_prefix("name"))?;
        Some(name.trim_matches([' ', '=', '"']).to_owned())
    });
    let packages = PACKAGES.iter().map(|(name, _)| (*name).to_owned());
    benches.chain(packages).collect()
}

/// Cargo in the folder of this package.
fn cargo() -> Command {
    // Cargo sets it for the programs that it runs.
    let mut command = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".into()));
    command.current_dir(FOLDER);
    command
}

/// Draws the data of the benches.
fn draw() -> Result<(), String> {
    eprintln!("== plot");
    let status = cargo()
        .args(["run", "--features", "plots", "--bin", "plot"])
        .status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("plot: {status}; the plots are as before")),
        Err(error) => Err(format!("plot: cargo can't be run: {error}")),
    }
}

/// What a bench prints, or why there is nothing.
fn output_of(name: &str) -> Result<String, String> {
    let mut command = cargo();
    match PACKAGES.iter().find(|(package, _)| *package == name) {
        Some((_, arguments)) => {
            let root = Path::new(FOLDER).parent().expect("a folder above");
            command.args(*arguments).current_dir(root);
        }
        None => {
            command.args(["bench", "--bench", name]);
            if PLOTTED.contains(&name) {
                let file = format!("data/{name}.json");
                command.args(["--", "--json", &file]);
            }
        }
    }
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("{name}: cargo can't be run: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    eprintln!("{text}");
    let tables = parse(&text);
    let is_skipped = |content: &Content| matches!(content, Content::Skipped(_));
    // The guard fails where it can't count.
    let is_only_skipped = !tables.is_empty() && tables.iter().all(|(_, one)| is_skipped(one));
    if output.status.success() || is_only_skipped {
        Ok(text)
    } else {
        Err(format!(
            "{name}: {}; its tables are as before",
            output.status
        ))
    }
}

/// What follows a name.
#[derive(Debug, PartialEq)]
enum Content {
    Table(String),
    Skipped(String),
    Nothing,
}

/// Each name in the text of a bench, and what follows it.
fn parse(text: &str) -> Vec<(&str, Content)> {
    let mut lines = text.lines().peekable();
    let mut tables = Vec::new();
    while let Some(line) = lines.next() {
        let Some(name) = name_in(line) else {
            continue;
        };
        let reason = lines.peek().and_then(|line| line.strip_prefix("skipped: "));
        if let Some(reason) = reason {
            tables.push((name, Content::Skipped(reason.to_owned())));
            continue;
        }
        let mut table = String::new();
        while let Some(row) = lines.next_if(|line| line.starts_with('|')) {
            table += row;
            table.push('\n');
        }
        let content = if table.is_empty() {
            Content::Nothing
        } else {
            Content::Table(table)
        };
        tables.push((name, content));
    }
    tables
}

/// The name in a line `<!-- NAME -->`.
fn name_in(line: &str) -> Option<&str> {
    line.trim_end().strip_prefix("<!-- ")?.strip_suffix(" -->")
}

/// The bench that a table's name begins with.
fn bench_of(table: &str) -> &str {
    table.split('/').next().unwrap_or(table)
}

/// The text with this table in place of the one that follows its name. `None` if the name is not
/// there once.
fn replaced(readme: &str, name: &str, table: &str) -> Option<String> {
    let of_name = |line: &&str| name_in(line) == Some(name);
    if readme.lines().filter(of_name).count() != 1 {
        return None;
    }
    let mut text = String::new();
    let mut lines = readme.split_inclusive('\n').peekable();
    while let Some(line) = lines.next() {
        text += line;
        if of_name(&line) {
            text += table;
            while lines.next_if(|line| line.starts_with('|')).is_some() {}
        }
    }
    Some(text)
}

#[derive(Default)]
struct Report {
    replaced: Vec<String>,
    skipped: Vec<String>,
    problems: Vec<String>,
}

impl Report {
    /// Puts the tables of a bench into README.md.
    fn take(&mut self, bench: &str, output: &str) {
        let mut readme = read();
        let printed = parse(output);
        for (name, content) in &printed {
            let table = match content {
                Content::Table(table) => table,
                Content::Skipped(reason) => {
                    self.skipped.push(format!("{name}: {reason}"));
                    continue;
                }
                Content::Nothing => {
                    self.problems
                        .push(format!("{name}: {bench} prints no table after this name"));
                    continue;
                }
            };
            match replaced(&readme, name, table) {
                Some(text) => {
                    readme = text;
                    self.replaced.push((*name).to_owned());
                }
                None => self.problems.push(format!(
                    "{name}: {bench} prints it, and README.md does not have this name once"
                )),
            }
        }
        write(&readme);
        let missing = readme
            .lines()
            .filter_map(name_in)
            .filter(|name| bench_of(name) == bench)
            .filter(|name| !printed.iter().any(|(printed, _)| printed == name));
        let missing =
            missing.map(|name| format!("{name}: README.md has it, and {bench} did not print it"));
        self.problems.extend(missing);
    }

    /// Names in README.md that are of no bench.
    fn find_strangers(&mut self, known: &[String]) {
        let readme = read();
        let names = readme.lines().filter_map(name_in);
        let strangers = names.filter(|name| !known.iter().any(|bench| bench == bench_of(name)));
        let problems =
            strangers.map(|name| format!("{name}: README.md has it, and there is no such bench"));
        self.problems.extend(problems);
    }

    fn text(&self) -> String {
        let mut text = format!("\nreplaced in README.md: {}\n", self.replaced.join(", "));
        for skipped in &self.skipped {
            let _ = writeln!(text, "left as it is: {skipped}");
        }
        for problem in &self.problems {
            let _ = writeln!(text, "error: {problem}");
        }
        text
    }
}

fn path() -> PathBuf {
    Path::new(FOLDER).join("README.md")
}

fn read() -> String {
    std::fs::read_to_string(path()).expect("README.md is readable")
}

/// The old text is there until the new one is whole.
fn write(text: &str) {
    let new = path().with_extension("md.new");
    std::fs::write(&new, text).expect("a file next to README.md can be written");
    std::fs::rename(&new, path()).expect("README.md can be replaced");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_what_follows_its_name() {
        let output =
            "text\n<!-- a -->\n| x |\n| - |\nmore\n<!-- a/b -->\nskipped: no server\n<!-- c -->\n";
        let expected = [
            ("a", Content::Table("| x |\n| - |\n".into())),
            ("a/b", Content::Skipped("no server".into())),
            ("c", Content::Nothing),
        ];
        assert_eq!(parse(output), expected);
    }

    #[test]
    fn only_the_table_of_that_name_is_replaced() {
        let readme = "# A\n\n<!-- a -->\n| old |\n| - |\n\nText.\n\n<!-- a/b -->\n| kept |\n";
        let expected = "# A\n\n<!-- a -->\n| new |\n\nText.\n\n<!-- a/b -->\n| kept |\n";
        assert_eq!(
            replaced(readme, "a", "| new |\n").as_deref(),
            Some(expected)
        );
        assert_eq!(replaced(readme, "b", "| new |\n"), None);
        let twice = format!("{readme}{readme}");
        assert_eq!(replaced(&twice, "a", "| new |\n"), None);
    }

    #[test]
    fn the_benches_are_those_of_the_manifest() {
        let names = names();
        assert_eq!(names.first().map(String::as_str), Some("validate"));
        assert_eq!(names.last().map(String::as_str), Some("guard"));
    }
}
