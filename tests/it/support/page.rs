//! Tables in pages of the guide that are made from what the crate answers.

use std::path::Path;
use std::{env, fs};

/// Whether the table of this page is the given one. With `UPDATE_GUIDE` set, the page gets it.
pub(crate) fn check_table(page: &str, table: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(page);
    let text = fs::read_to_string(&path).unwrap();
    let (begin, end) = ("<!-- table -->\n", "<!-- end -->");
    let (before, rest) = text.split_once(begin).unwrap();
    let (_, after) = rest.split_once(end).unwrap();
    let expected = format!("{before}{begin}{table}{end}{after}");
    if env::var_os("UPDATE_GUIDE").is_some() {
        fs::write(&path, expected).unwrap();
        return;
    }
    assert!(
        text == expected,
        "{page} has another table: set UPDATE_GUIDE=1, run this test again, and read the difference"
    );
}
