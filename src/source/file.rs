//! Small files that may change under us: read whole and within bounds, never on a thread that
//! serves requests.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// Why a file gives nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum FileProblem {
    #[error("it can't be read")]
    Io(#[from] io::Error),
    #[error("it is a directory, a pipe or a device: a file is needed")]
    NotAFile,
    #[error("it is larger than {0} bytes")]
    TooLarge(usize),
    #[error("there was no thread to read it, or it came to no end")]
    NoThread,
}

/// Reads a file of at most this size, from what the path leads to now: after a symlink was swapped,
/// the new file.
fn read(path: &Path, max_bytes: usize) -> Result<Vec<u8>, FileProblem> {
    // Asked before it is opened: opening a pipe waits for its other end.
    if !std::fs::metadata(path)?.is_file() {
        return Err(FileProblem::NotAFile);
    }
    let file = File::open(path)?;
    if !file.metadata()?.is_file() {
        return Err(FileProblem::NotAFile);
    }
    let mut content = Vec::new();
    let limit = u64::try_from(max_bytes).unwrap_or(u64::MAX);
    file.take(limit.saturating_add(1))
        .read_to_end(&mut content)?;
    if content.len() > max_bytes {
        return Err(FileProblem::TooLarge(max_bytes));
    }
    Ok(content)
}

/// Reads on a thread of its own, which `done` runs on too. A disk that hangs holds up neither a
/// runtime nor its end, as a runtime's own threads for blocking work would. Where there is no
/// thread available, `done` is dropped.
pub(super) fn read_apart(
    path: &Path,
    max_bytes: usize,
    done: impl FnOnce(Result<Vec<u8>, FileProblem>) + Send + 'static,
) {
    let path = path.to_owned();
    let thread = std::thread::Builder::new().name("resource-server file".to_owned());
    drop(thread.spawn(move || done(read(&path, max_bytes))));
}
