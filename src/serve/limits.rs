//! What one client can ask for.

/// Connections at a time.
pub(super) const CONNECTIONS: usize = 768;
/// Seconds for the head of a request, also for the next one on an open connection.
pub(super) const HEAD_SECONDS: u64 = 15;
/// Seconds a connection is kept altogether; programs open the next by themselves.
pub(super) const CONNECTION_SECONDS: u64 = 900;
/// Bytes of a request's head.
pub(super) const HEAD_BYTES: usize = 16 * 1024;
/// Characters of a path with its query.
pub(super) const TARGET_CHARACTERS: usize = 4000;
/// Seconds for an answer to begin.
pub(super) const ANSWER_SECONDS: u64 = 20;
/// Answers that are worked out at a time; others wait.
pub(super) const WORKING: usize = 32;
/// Features on a page of OGC API Features.
pub(super) const FEATURES: usize = 10_000;
/// Places listed by a question.
pub(super) const PLACES: usize = 10_000;
