//! Misuse of the closed room does not compile; the correct use beside it does.

#[test]
fn raw_counts_are_out_of_reach() {
    let cases = trybuild::TestCases::new();
    cases.pass("tests/misuse/reads_a_release.rs");
    cases.compile_fail("tests/misuse/names_a_raw_count.rs");
    cases.compile_fail("tests/misuse/opens_the_cube.rs");
    cases.compile_fail("tests/misuse/makes_a_protected_count.rs");
    cases.compile_fail("tests/misuse/makes_a_block.rs");
}
