fn keys(cube: &kleinraum::confidential::cube::Cube) -> usize {
    cube.keys.len()
}

fn main() {
    let _: fn(&_) -> usize = keys;
}
