//! Getting deliveries out: what is due, fairly ([`dispatcher`]); one delivery, from its lease to
//! its recorded outcome ([`deliver`]); freeing the leases of those who died ([`rescue`]);
//! and switching off who is gone or fails for long ([`suspension`]).

mod backlog;
pub mod deliver;
pub mod dispatcher;
pub mod rescue;
pub mod suspension;
pub mod under_way;
