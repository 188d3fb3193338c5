//! cube
