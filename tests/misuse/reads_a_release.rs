use kleinraum::confidential::{ProtectedCount, Release, Status};

fn first(release: &Release) -> Option<i64> {
    let number: ProtectedCount = *release.blocks.first()?.numbers(0).first()?;
    assert!(number.status() != Status::None);
    number.value()
}

fn main() {
    let _: fn(&Release) -> Option<i64> = first;
}
