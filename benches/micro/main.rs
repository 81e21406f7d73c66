//! What is hot, piece by piece: `make micro` prints how long each takes. For who changes one of them;
//! what it means for the whole is measured by `make bench`.

mod pieces;
mod transactions;

#[path = "../../tests/integration"]
mod tests {
    pub mod bare_store;
}

fn main() {
    divan::main();
}
