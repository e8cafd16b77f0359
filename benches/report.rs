//! What the benchmarks of scale and threads print and write: Markdown tables, and data for plots.

use std::path::PathBuf;

use serde_json::Value;

/// The file of `-- --json FILE`.
pub(crate) fn json_file() -> Option<PathBuf> {
    let mut arguments = std::env::args().skip_while(|argument| argument != "--json");
    arguments.next()?;
    let file = arguments.next().expect("a file after --json");
    Some(file.into())
}

/// A table, after a comment that names it.
pub(crate) fn print_table(name: &str, columns: &[&str], rows: &[Vec<String>]) {
    println!("<!-- {name} -->");
    println!("| {} |", columns.join(" | "));
    let rules: Vec<_> = (0..columns.len())
        .map(|column| if column == 0 { "---" } else { "--:" })
        .collect();
    println!("| {} |", rules.join(" | "));
    for row in rows {
        println!("| {} |", row.join(" | "));
    }
    println!();
}

pub(crate) fn write_json(data: &Value) {
    if let Some(file) = json_file() {
        let text = serde_json::to_string_pretty(data).expect("it has only text keys") + "\n";
        std::fs::write(&file, text)
            .unwrap_or_else(|error| panic!("{} can't be written: {error}", file.display()));
    }
}

/// A ratio with this many decimals, as a number.
pub(crate) fn rounded(value: f64, decimals: i32) -> f64 {
    let unit = 10_f64.powi(decimals);
    (value * unit).round() / unit
}
