fn main() {
    let _ = kleinraum::confidential::raw_count::RawCount::ONE;
}
