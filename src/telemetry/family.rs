//! Sets of attributes that differ in one value of a few: made once, found by the value.

use opentelemetry::KeyValue;

/// A set for each value, and an empty one for a value that is none of them.
pub struct Family<const N: usize> {
    values: [&'static str; N],
    sets: [Vec<KeyValue>; N],
}

impl<const N: usize> Family<N> {
    /// The values of one key; every set has the others too.
    pub fn new(key: &'static str, values: [&'static str; N], others: &[KeyValue]) -> Self {
        let set = |value| [&[KeyValue::new(key, value)], others].concat();
        Self { values, sets: values.map(set) }
    }

    /// The set of a value.
    pub fn of(&self, value: &str) -> &[KeyValue] {
        let place = self.values.iter().position(|known| *known == value);
        debug_assert!(place.is_some(), "{value} is one of {:?}", self.values);
        place.map_or(&[], |place| &self.sets[place])
    }

    /// All of them.
    pub fn sets(&self) -> impl Iterator<Item = &[KeyValue]> {
        self.sets.iter().map(Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_value_has_its_set_with_the_others() {
        let family = Family::new("a", ["x", "y"], &[KeyValue::new("b", "z")]);
        assert_eq!(family.of("y"), [KeyValue::new("a", "y"), KeyValue::new("b", "z")]);
        assert_eq!(family.sets().count(), 2);
    }
}
