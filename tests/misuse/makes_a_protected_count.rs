use kleinraum::confidential::ProtectedCount;

fn main() {
    let _ = ProtectedCount::published(3);
}
