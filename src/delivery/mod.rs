//! Getting deliveries out: what is due, fairly ([`dispatcher`]); one delivery, from its lease to
//! its recorded outcome ([`deliver`]); and freeing the leases of those who died ([`rescue`]).

mod backlog;
pub mod deliver;
pub mod dispatcher;
pub mod rescue;
pub mod under_way;
