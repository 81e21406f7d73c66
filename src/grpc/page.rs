//! Pages of listings (AIP-158).

use prost::Message;

use super::token::Tokens;
use super::violations::Violations;

/// Sizes of the pages of one listing.
#[derive(Clone, Copy, Debug)]
pub struct PageSizes {
    /// Where the request says 0.
    pub default: u32,
    /// Where it asks for more.
    pub max: u32,
}

/// Most listings.
pub const PAGES: PageSizes = PageSizes { default: 50, max: 1_000 };
/// Listings whose rows carry response bodies of up to 16 KiB.
pub const PAGES_OF_ATTEMPTS: PageSizes = PageSizes { default: 20, max: 50 };

/// Most bytes of the rows of one page, whatever size was asked for: stock clients take answers of
/// 4 MiB.
const PAGE_BYTES_MAX: usize = 3 * 1024 * 1024;

/// Reads `page_size`.
pub fn size(violations: &mut Violations, page_size: i32, sizes: PageSizes) -> u64 {
    let asked = u32::try_from(page_size).unwrap_or_else(|_| {
        violations.add("page_size", "must not be negative");
        0
    });
    let size = if asked == 0 { sizes.default } else { asked.min(sizes.max) };
    u64::from(size)
}

/// Reads `page_token`: where the page begins, `None` for the first.
pub fn place<const N: usize>(
    violations: &mut Violations,
    page_token: &str,
    tokens: &Tokens,
) -> Option<[u8; N]> {
    if page_token.is_empty() {
        return None;
    }
    let place = tokens.read(page_token);
    if place.is_none() {
        let allowed = "must be next_page_token of the page before, with the other fields unchanged";
        violations.add("page_token", allowed);
    }
    place
}

/// Cuts rows that were read with one to spare down to the page, and says whether more follow.
pub fn cut<T>(rows: &mut Vec<T>, size: u64) -> bool {
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let has_more = rows.len() > size;
    rows.truncate(size);
    has_more
}

/// Cuts rows down to what an answer may hold, but never to none, and says whether more follow.
pub fn cut_bytes<M: Message>(rows: &mut Vec<M>) -> bool {
    let mut bytes = 0;
    let mut fits = |row: &M| {
        bytes += row.encoded_len();
        bytes <= PAGE_BYTES_MAX
    };
    let fitting = rows.iter().take_while(|row| fits(row)).count().max(1);
    let has_more = rows.len() > fitting;
    rows.truncate(fitting);
    has_more
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_coerced_and_negative_ones_refused() {
        let read = |page_size| {
            let mut violations = Violations::new();
            let size = size(&mut violations, page_size, PAGES);
            violations.finish(Some(size)).ok()
        };
        assert_eq!(
            [0, 1, 1_000, 1_001, i32::MAX].map(read),
            [50, 1, 1_000, 1_000, 1_000].map(Some)
        );
        assert_eq!([-1, i32::MIN].map(read), [None, None]);
    }

    #[test]
    fn a_row_to_spare_tells_that_more_follow() {
        let mut rows = vec![1, 2, 3];
        assert!(cut(&mut rows, 2));
        assert_eq!(rows, [1, 2]);
        assert!(!cut(&mut rows, 2));
    }

    #[test]
    fn a_page_holds_as_many_bytes_as_clients_take_and_at_least_one_row() {
        let rows = |bytes: usize, count| vec!["x".repeat(bytes); count];
        let mut few = rows(1_000, 3);
        assert!(!cut_bytes(&mut few));
        assert_eq!(few.len(), 3);
        let mut many = rows(1024 * 1024 - 1_024, 10);
        assert!(cut_bytes(&mut many));
        assert_eq!(many.len(), 3);
        let mut huge = rows(2 * PAGE_BYTES_MAX, 2);
        assert!(cut_bytes(&mut huge));
        assert_eq!(huge.len(), 1);
        assert!(!cut_bytes(&mut Vec::<String>::new()));
    }
}
