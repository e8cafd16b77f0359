//! Changes to the characters of a text: of a part before it is signed, or of the token.

use proptest::sample::Index;

#[derive(Clone, Debug)]
pub(crate) enum TextEdit {
    Prepend(String),
    Append(String),
    Insert(Index, char),
    Overwrite(Index, char),
    Remove(Index),
    CutAt(Index),
}

impl TextEdit {
    pub(crate) fn apply(&self, text: &str) -> String {
        // Other edits may have left other characters than ASCII, or none at all.
        let characters: Vec<char> = text.chars().collect();
        let split = |index: &Index| {
            let at = index.index(characters.len().max(1)).min(characters.len());
            let (before, from) = characters.split_at(at);
            let behind = from.get(1..).unwrap_or_default();
            [before, from, behind].map(|part| part.iter().collect::<String>())
        };
        match self {
            TextEdit::Prepend(more) => format!("{more}{text}"),
            TextEdit::Append(more) => format!("{text}{more}"),
            TextEdit::Insert(index, new) => {
                let [before, from, _] = split(index);
                format!("{before}{new}{from}")
            }
            TextEdit::Overwrite(index, new) => {
                let [before, _, behind] = split(index);
                format!("{before}{new}{behind}")
            }
            TextEdit::Remove(index) => {
                let [before, _, behind] = split(index);
                format!("{before}{behind}")
            }
            TextEdit::CutAt(index) => {
                let [before, ..] = split(index);
                before
            }
        }
    }
}

/// A change to the compact form.
#[derive(Clone, Debug)]
pub(crate) enum FormEdit {
    Text(TextEdit),
    /// The part of this number is empty.
    Empty(usize),
    /// A part is padded with `=` to a multiple of four characters, or with one where it is that
    /// long already.
    Pad(usize),
    /// The last character of a part is the next one of the alphabet, so that bits are set which
    /// must be zero, or the last byte is another.
    NextLast(usize),
    /// `+` and `/` for `-` and `_` in the signature, at least one.
    StandardAlphabet,
    /// The parts in this order, some perhaps twice.
    Parts(&'static [usize]),
}

impl FormEdit {
    pub(crate) fn apply(&self, token: &str) -> String {
        let parts: Vec<_> = token.split('.').map(str::to_owned).collect();
        let with_part = |at: usize, change: &dyn Fn(&str) -> String| {
            let mut parts = parts.clone();
            if let Some(part) = parts.get_mut(at) {
                *part = change(part);
            }
            parts.join(".")
        };
        match self {
            FormEdit::Text(edit) => edit.apply(token),
            FormEdit::Empty(at) => with_part(*at, &|_| String::new()),
            FormEdit::Pad(at) => with_part(*at, &|text| {
                let padding = (4 - text.len() % 4) % 4;
                format!("{text}{}", "=".repeat(padding.max(1)))
            }),
            FormEdit::NextLast(at) => with_part(*at, &|text| {
                const ALPHABET: &str =
                    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_A";
                let mut text = text.to_owned();
                let last = text.pop().and_then(|last| ALPHABET.find(last));
                let next = last.and_then(|at| ALPHABET.chars().nth(at + 1));
                text.push(next.unwrap_or('A'));
                text
            }),
            FormEdit::StandardAlphabet => with_part(2, &|text| {
                let other = text.replace('-', "+").replace('_', "/");
                if other == text {
                    // It had neither of them, so one is put in.
                    format!("+{}", text.get(1..).unwrap_or_default())
                } else {
                    other
                }
            }),
            FormEdit::Parts(order) => {
                let chosen = order.iter().filter_map(|at| parts.get(*at).cloned());
                chosen.collect::<Vec<_>>().join(".")
            }
        }
    }
}
