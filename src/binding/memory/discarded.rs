//! Which time slices are gone.

/// The most ranges that are remembered. Each jump of the clock ahead makes one; so does each time
/// without entries, but those are in the past and merge.
const MAX_RANGES: usize = 8;

/// The numbers of slices that were discarded. Where the clock goes back, a proof of such a slice
/// could be accepted again, and it is not known whether it was used.
///
/// They are ranges, and not all numbers up to the highest one. Else a clock that is ahead for a
/// minute, by a year, would make the store refuse every proof for a year.
#[derive(Debug, Default)]
pub(super) struct Discarded {
    /// First and last number of each range, in ascending order, with gaps between them.
    ranges: Vec<(i64, i64)>,
}

impl Discarded {
    pub(super) fn add(&mut self, number: i64) {
        let mut added = (number, number);
        // What touches it becomes one range with it.
        self.ranges.retain(|&(first, last)| {
            let touches = first.saturating_sub(1) <= number && number <= last.saturating_add(1);
            if touches {
                added = (added.0.min(first), added.1.max(last));
            }
            !touches
        });
        let at = self.ranges.partition_point(|range| *range < added);
        self.ranges.insert(at, added);
        // The lowest ones merge: the clock has long passed them.
        if self.ranges.len() > MAX_RANGES
            && let [(_, end), (_, last), ..] = self.ranges.as_mut_slice()
        {
            *end = *last;
            self.ranges.remove(1);
        }
    }

    /// The last number of the range that this number is in.
    pub(super) fn end_of_range_with(&self, number: i64) -> Option<i64> {
        let range = self
            .ranges
            .iter()
            .find(|(first, last)| (*first..=*last).contains(&number));
        range.map(|(_, last)| *last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers that are added, and the ranges after it.
    type Case<'a> = (&'a [i64], &'a [(i64, i64)]);

    fn after(numbers: &[i64]) -> Vec<(i64, i64)> {
        let mut discarded = Discarded::default();
        for number in numbers {
            discarded.add(*number);
        }
        discarded.ranges
    }

    #[test]
    fn d03_discarded_slices_are_ranges() {
        let table: [Case<'_>; 8] = [
            (&[], &[]),
            (&[5], &[(5, 5)]),
            (&[5, 6, 7], &[(5, 7)]),
            (&[7, 6, 5], &[(5, 7)]),
            (&[5, 7, 6], &[(5, 7)]),
            (&[5, 5], &[(5, 5)]),
            (&[5, 900, 6, 901], &[(5, 6), (900, 901)]),
            (
                &[i64::MAX, i64::MIN],
                &[(i64::MIN, i64::MIN), (i64::MAX, i64::MAX)],
            ),
        ];
        for (numbers, expected) in table {
            assert_eq!(after(numbers), expected, "{numbers:?}");
        }
    }

    #[test]
    fn d03_the_oldest_ranges_merge_and_none_is_lost() {
        let numbers: Vec<_> = (0..100).map(|number| number * 10).collect();
        let ranges = after(&numbers);
        assert_eq!(ranges.len(), MAX_RANGES);
        assert_eq!(ranges[0], (0, 920));
        assert_eq!(ranges[7], (990, 990));

        let mut discarded = Discarded { ranges };
        discarded.add(905);
        assert_eq!(discarded.ranges[0], (0, 920));
        assert_eq!(discarded.end_of_range_with(451), Some(920));
        assert_eq!(discarded.end_of_range_with(921), None);
        assert_eq!(discarded.end_of_range_with(930), Some(930));
        for number in numbers {
            assert!(discarded.end_of_range_with(number).is_some(), "{number}");
        }
    }
}
