//! The SDK against the program itself, over its sockets.

mod built;
mod contract;
mod errors;
mod hooks;
mod publishing;
mod receiving;
mod relay;
mod samples;
mod service;
mod vectors;
mod watching;
