//! The secrets of endpoints as they are stored: sealed with a master key, which an operator makes,
//! replaces and can lose.
//!
//! [`key_file`] is what an operator does with a master key file, [`disk`] what somebody reads who
//! has the disk alone; every other module is a group of claims.

mod canaries;
mod disk;
pub mod key_file;
mod requests;
mod rows;
mod start;
mod steps;

pub use steps::FAILPOINTS;
