//! georeference
