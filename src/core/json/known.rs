//! Names that a reader of an object knows. Only other names need a hash, to find duplicates.

/// A name that a reader knows.
pub(crate) trait KnownName: Copy {
    /// The name with this text, which is unescaped.
    fn of(text: &[u8]) -> Option<Self>;

    /// Another for each name, and below 64.
    fn number(self) -> u8;
}

/// The names of a reader that knows none.
#[derive(Clone, Copy)]
pub(super) enum NoName {}

impl KnownName for NoName {
    fn of(_: &[u8]) -> Option<Self> {
        None
    }

    fn number(self) -> u8 {
        match self {}
    }
}

/// The name of a member.
pub(super) enum MemberName<'n, N> {
    Known(N),
    Other(&'n str),
}

/// Known names of one object that were there.
#[derive(Default)]
pub(super) struct Seen(u64);

impl Seen {
    /// Returns `false` if the name was there already.
    pub(super) fn insert(&mut self, name: impl KnownName) -> bool {
        let bit = 1 << name.number();
        let is_new = self.0 & bit == 0;
        self.0 |= bit;
        is_new
    }
}

/// Makes a [`KnownName`] of at most 64 names.
macro_rules! known_names {
    ($(#[$doc:meta])* $type:ident { $($name:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum $type {
            $($name,)*
        }

        impl $type {
            const COUNT: usize = [$(stringify!($name)),*].len();
        }

        const _: () = assert!($type::COUNT <= 64);

        impl $crate::core::json::KnownName for $type {
            // Bytes: the compiler calls `memcmp` for each text that is as long as the name.
            #[inline]
            fn of(text: &[u8]) -> Option<Self> {
                match text {
                    $($text => Some($type::$name),)*
                    _ => None,
                }
            }

            fn number(self) -> u8 {
                self as u8
            }
        }
    };
}
pub(crate) use known_names;
