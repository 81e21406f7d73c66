//! Getting deliveries out: what is due, fairly ([`dispatcher`]); one delivery, from its lease to
//! its recorded outcome ([`deliver`]); freeing the leases of those who died ([`rescue`]); switching
//! off who is gone or fails for long ([`suspension`]); bringing back what did not arrive
//! ([`recovery`]); counting what became of all ([`counting`]); and deleting what has been kept for
//! long enough ([`retention`]). [`mishaps`] counts what no row tells of.

mod backlog;
pub mod counting;
pub mod deliver;
pub mod dispatcher;
pub mod mishaps;
pub mod recovery;
pub mod rescue;
pub mod retention;
pub mod suspension;
pub mod under_way;
