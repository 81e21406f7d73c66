//! What publishing offers beside the plain call: types that an operator adds.

mod custom_types;
