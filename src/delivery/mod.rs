//! Getting deliveries out: what is due, fairly ([`dispatcher`]); one delivery, from its lease to
//! its recorded outcome ([`deliver`]); freeing the leases of those who died ([`rescue`]); and
//! bringing back what did not arrive ([`recovery`]).

pub mod deliver;
pub mod dispatcher;
pub mod recovery;
pub mod rescue;
