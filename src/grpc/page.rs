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
/// 4 MiB, in which a row costs some bytes more.
pub const PAGE_BYTES_MAX: usize = 3 * 1024 * 1024;

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

/// What a page shows.
#[derive(Debug)]
pub struct Page<'a, R, M> {
    /// The messages of its rows.
    pub messages: Vec<M>,
    /// The last row that it shows, where more follow: the next page goes on behind it.
    pub last: Option<&'a R>,
}

/// Makes the page of rows that were read with one to spare: as many as the size asks for and an
/// answer may hold, but never none.
pub fn fill<R, M: Message>(rows: &[R], size: u64, message: impl Fn(&R) -> M) -> Page<'_, R, M> {
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let mut messages = Vec::with_capacity(rows.len().min(size));
    let mut bytes = 0;
    for row in rows.iter().take(size) {
        let message = message(row);
        bytes += message.encoded_len();
        if bytes > PAGE_BYTES_MAX && !messages.is_empty() {
            break;
        }
        messages.push(message);
    }
    let has_more = messages.len() < rows.len();
    let last = has_more.then(|| &rows[messages.len() - 1]);
    Page { messages, last }
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

    fn filled(rows: &[String], size: u64) -> (usize, bool) {
        let page = fill(rows, size, String::clone);
        (page.messages.len(), page.last.is_some())
    }

    #[test]
    fn a_row_to_spare_tells_that_more_follow() {
        let rows = ["1", "2", "3"].map(str::to_owned);
        let page = fill(&rows, 2, String::clone);
        assert_eq!((page.messages.as_slice(), page.last), (&rows[..2], Some(&rows[1])));
        assert_eq!(filled(&rows[..2], 2), (2, false));
        assert_eq!(filled(&[], 2), (0, false));
    }

    #[test]
    fn a_page_holds_as_many_bytes_as_clients_take_and_at_least_one_row() {
        let rows = |bytes: usize, count| vec!["x".repeat(bytes); count];
        assert_eq!(filled(&rows(1_000, 3), 10), (3, false));
        assert_eq!(filled(&rows(1024 * 1024 - 1_024, 10), 10), (3, true));
        assert_eq!(filled(&rows(2 * PAGE_BYTES_MAX, 2), 10), (1, true));
        assert_eq!(filled(&rows(2 * PAGE_BYTES_MAX, 1), 10), (1, false));
    }
}
