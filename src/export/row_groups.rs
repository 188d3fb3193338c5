//! Row groups of a Parquet file: encoded on all cores and appended in order, so that the bytes do not depend on the number of threads.

use std::io::Write;

use arrow_array::ArrayRef;
use arrow_schema::SchemaRef;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::{ArrowColumnChunk, ArrowRowGroupWriterFactory, ArrowWriterOptions, compute_leaves};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use rayon::prelude::*;

/// Writes `count` row groups, each of the batches of columns that `batches` gives for its position. Holds one row group a core.
pub(super) fn write_row_groups<W: Write + Send>(
    out: W,
    (schema, properties): (&SchemaRef, WriterProperties),
    count: usize,
    batches: impl Fn(usize) -> Result<Vec<Vec<ArrayRef>>, ParquetError> + Sync,
) -> Result<(), ParquetError> {
    // Without the Arrow schema in the file, readers see plain text columns, whatever they make of dictionaries.
    let options = ArrowWriterOptions::new().with_properties(properties).with_skip_arrow_metadata(true);
    let (mut writer, factory) = ArrowWriter::try_new_with_options(out, schema.clone(), options)?.into_serialized_writer()?;
    let groups: Vec<usize> = (0..count).collect();
    for wave in groups.chunks(rayon::current_num_threads()) {
        let encoded: Vec<_> =
            wave.par_iter().map(|&group| encode(schema, &factory, group, &batches(group)?)).collect::<Result<_, _>>()?;
        for chunks in encoded {
            let mut row_group = writer.next_row_group()?;
            for chunk in chunks {
                chunk.append_to_row_group(&mut row_group)?;
            }
            row_group.close()?;
        }
    }
    writer.close()?;
    Ok(())
}

fn encode(
    schema: &SchemaRef,
    factory: &ArrowRowGroupWriterFactory,
    group: usize,
    batches: &[Vec<ArrayRef>],
) -> Result<Vec<ArrowColumnChunk>, ParquetError> {
    let mut writers = factory.create_column_writers(group)?;
    for arrays in batches {
        let leaves = schema.fields().iter().zip(arrays).map(|(field, array)| compute_leaves(field, array));
        let leaves: Vec<_> = leaves.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
        // A nested column has several leaves, each its own writer.
        for (writer, leaf) in writers.iter_mut().zip(&leaves) {
            writer.write(leaf)?;
        }
    }
    writers.into_iter().map(|writer| writer.close()).collect()
}
