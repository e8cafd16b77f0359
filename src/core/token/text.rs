//! Strings in a JSON text that is kept: their ranges, or copies of escaped ones.

use std::borrow::Cow;
use std::sync::OnceLock;

use crate::core::json::{Str, Value};
use crate::core::token::footprint::{ALLOCATION, of_text};

/// A string in the text: its range, or a copy if it was escaped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Text {
    Range(u32, u32),
    Unescaped(Box<str>),
}

impl Text {
    /// `within` is the text that `value` is a slice of.
    pub(crate) fn read(value: Value<'_>, within: &str) -> Option<Self> {
        if value.is_plain_string() {
            let (start, end) = range_of(value.text(), within)?;
            // Without its quotes.
            return Some(Text::Range(start + 1, end - 1));
        }
        Text::of_string(value.string()?, within)
    }

    /// A string in this text.
    pub(crate) fn of_string(string: Str<'_>, within: &str) -> Option<Self> {
        let Some(text) = string.plain_text() else {
            return Some(Text::Unescaped(string.unescaped().into()));
        };
        let (start, end) = range_of(text, within)?;
        Some(Text::Range(start, end))
    }

    /// The range of a value of any kind.
    pub(crate) fn range(value: Value<'_>, within: &str) -> Option<Self> {
        let (start, end) = range_of(value.text(), within)?;
        Some(Text::Range(start, end))
    }

    /// Of its own allocation, if it has one.
    pub(crate) fn estimated_bytes(&self) -> usize {
        match self {
            Text::Range(..) => 0,
            Text::Unescaped(text) => of_text(text),
        }
    }

    pub(crate) fn of<'t>(&'t self, within: &'t str) -> &'t str {
        match self {
            Text::Unescaped(text) => text,
            // The range is of this very text, so `get` finds it.
            Text::Range(start, end) => within.get(*start as usize..*end as usize).unwrap_or(""),
        }
    }
}

/// One string or a list of them. A list is read at first use: a token that is rejected earlier
/// costs nothing for it.
pub(crate) enum OneOrMany {
    One(Text),
    Many(List),
}

pub(crate) struct List {
    start: u32,
    end: u32,
    entries: OnceLock<Option<Vec<Text>>>,
}

impl OneOrMany {
    pub(crate) fn read(value: Value<'_>, within: &str) -> Option<Self> {
        if value.is_array() {
            let (start, end) = range_of(value.text(), within)?;
            Some(OneOrMany::Many(List {
                start,
                end,
                entries: OnceLock::new(),
            }))
        } else {
            Text::read(value, within).map(OneOrMany::One)
        }
    }

    /// Hands out the entries in order, at most `max` of them, without keeping them. `None` if one
    /// of these is not a string.
    pub(crate) fn each(
        &self,
        within: &str,
        max: usize,
        mut each: impl FnMut(Str<'_>),
    ) -> Option<()> {
        match self {
            OneOrMany::One(text) => each(Str::plain(text.of(within))),
            OneOrMany::Many(list) => {
                let array = within.get(list.start as usize..list.end as usize)?;
                for entry in Value::of(array).strings()?.take(max) {
                    each(entry?);
                }
            }
        }
        Some(())
    }

    /// Of its own allocations once it is read.
    pub(crate) fn estimated_bytes(&self, within: &str) -> usize {
        let list = match self {
            OneOrMany::One(text) => return text.estimated_bytes(),
            OneOrMany::Many(list) => list,
        };
        let (mut count, mut escaped) = (0_usize, 0);
        // An entry that is not a string ends the list: then no entry is kept.
        let _ = self.each(within, usize::MAX, |entry| {
            count += 1;
            if let Cow::Owned(text) = entry.unescaped() {
                escaped += of_text(&text);
            }
        });
        // Its vector grows by doubling.
        let entries = count.next_power_of_two().max(4) * size_of::<Text>();
        ALLOCATION + entries + escaped + size_of_val(list)
    }

    /// `None` if an entry of the list is not a string.
    pub(crate) fn entries(&self, within: &str) -> Option<&[Text]> {
        match self {
            OneOrMany::One(text) => Some(std::slice::from_ref(text)),
            OneOrMany::Many(list) => {
                let entries = list.entries.get_or_init(|| {
                    let array = within.get(list.start as usize..list.end as usize)?;
                    let entries = Value::of(array).strings()?;
                    entries
                        .map(|entry| Text::of_string(entry?, within))
                        .collect()
                });
                entries.as_deref()
            }
        }
    }
}

fn range_of(part: &str, within: &str) -> Option<(u32, u32)> {
    let start = part.as_ptr().addr().checked_sub(within.as_ptr().addr())?;
    let end = start.checked_add(part.len())?;
    Some((start.try_into().ok()?, end.try_into().ok()?))
}
