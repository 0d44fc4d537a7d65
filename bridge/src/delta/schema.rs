//! Columns on their way into a table: the type each one is stored as, and casts that keep
//! every value or fail.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch, RecordBatchOptions, new_null_array};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Field, FieldRef, Fields, Schema, SchemaRef, TimeUnit};
use delta_kernel::engine::arrow_conversion::{TryIntoArrow, TryIntoKernel};
use deltalake_core::kernel::StructType;
use deltalake_core::kernel::schema::cast::cast_record_batch;

use crate::error::{BridgeError, Kind, Result};

/// What Delta can hold of `schema`: unsigned integers widen (64 bits stay 64, checked by
/// value), times are microseconds, views and dictionaries are plain.
pub fn stored_columns(schema: &Schema) -> Result<StructType> {
    let mut seen = HashSet::new();
    let mut fields: Vec<FieldRef> = Vec::with_capacity(schema.fields().len());
    for field in schema.fields() {
        // Delta compares column names without case.
        if !seen.insert(field.name().to_lowercase()) {
            return Err(BridgeError::new(
                Kind::SchemaMismatch,
                format!(
                    "A Delta table cannot have two columns of one name: {}",
                    field.name()
                ),
            )
            .with_subject(field.name()));
        }
        fields.push(stored_field(field, field.name())?);
    }
    if fields.is_empty() {
        return Err(BridgeError::invalid_argument(
            "A Delta table needs at least one column",
        ));
    }
    Ok((&Schema::new(fields)).try_into_kernel()?)
}

/// The Arrow form in which `columns` are written to files.
pub fn file_schema(columns: &StructType) -> Result<SchemaRef> {
    let schema: Schema = columns.try_into_arrow()?;
    Ok(Arc::new(schema))
}

fn stored_field(field: &Field, column: &str) -> Result<FieldRef> {
    let metadata: HashMap<String, String> = field
        .metadata()
        .iter()
        .filter(|(key, _)| key.starts_with("delta.") || key.as_str() == "comment")
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    let data_type = stored_type(field.data_type(), column)?;
    let stored = Field::new(field.name(), data_type, field.is_nullable());
    Ok(Arc::new(stored.with_metadata(metadata)))
}

fn stored_type(data_type: &DataType, column: &str) -> Result<DataType> {
    use DataType::*;
    let nested = |field: &FieldRef| stored_field(field, column);
    Ok(match data_type {
        Boolean | Int8 | Int16 | Int32 | Int64 | Float32 | Float64 | Utf8 | Binary | Date32 => {
            data_type.clone()
        }
        Float16 => Float32,
        UInt8 => Int16,
        UInt16 => Int32,
        UInt32 | UInt64 => Int64,
        LargeUtf8 | Utf8View => Utf8,
        LargeBinary | BinaryView | FixedSizeBinary(_) => Binary,
        Date64 => Date32,
        Timestamp(_, Some(zone)) if !zone.is_empty() => {
            Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
        }
        Timestamp(_, _) => Timestamp(TimeUnit::Microsecond, None),
        Decimal32(precision, scale)
        | Decimal64(precision, scale)
        | Decimal128(precision, scale)
        | Decimal256(precision, scale)
            if *precision <= 38 && (0..=38).contains(scale) =>
        {
            Decimal128(*precision, *scale)
        }
        Dictionary(_, values) => stored_type(values, column)?,
        RunEndEncoded(_, values) => stored_type(values.data_type(), column)?,
        List(item)
        | LargeList(item)
        | FixedSizeList(item, _)
        | ListView(item)
        | LargeListView(item) => List(nested(item)?),
        Struct(fields) => Struct(fields.iter().map(nested).collect::<Result<Fields>>()?),
        Map(entries, _) => Map(nested(entries)?, false),
        other => {
            return Err(BridgeError::unsupported(format!(
                "Delta has no type for a column: {column}, {other}; cast it in the query"
            ))
            .with_subject(column));
        }
    })
}

/// Brings batches of one schema into the schema of the files.
pub struct CastPlan {
    incoming: SchemaRef,
    /// That of the files, where texts may still be views or dictionaries: they are encoded as
    /// they are, but for partition columns.
    carried: SchemaRef,
    /// For each target column: where it comes from; null where it comes from nowhere.
    sources: Vec<Option<usize>>,
}

impl CastPlan {
    pub fn new(
        incoming: &Schema,
        target: SchemaRef,
        partition_columns: &[String],
        missing_as_null: bool,
    ) -> Result<Self> {
        let mut sources = Vec::with_capacity(target.fields().len());
        for field in target.fields() {
            let Some((index, found)) = incoming.column_with_name(field.name()) else {
                if missing_as_null && field.is_nullable() {
                    sources.push(None);
                    continue;
                }
                return Err(mismatch(
                    field.name(),
                    "A column of the table is missing from the rows",
                    &names(incoming),
                ));
            };
            if !casts_exactly(found.data_type(), field.data_type()) {
                let types = format!("{} cannot become {}", found.data_type(), field.data_type());
                return Err(mismatch(
                    field.name(),
                    "A column does not fit the table",
                    &types,
                ));
            }
            sources.push(Some(index));
        }
        if let Some(extra) = incoming
            .fields()
            .iter()
            .find(|field| target.field_with_name(field.name()).is_err())
        {
            return Err(mismatch(
                extra.name(),
                "The rows have a column that the table does not have",
                &names(&target),
            ));
        }
        let carried = target.fields().iter().zip(&sources).map(|(field, source)| {
            let given = source.map(|index| incoming.field(index).data_type());
            match given.filter(|given| is_form_of(given, field.data_type())) {
                Some(given) if !partition_columns.contains(field.name()) => {
                    Arc::new(field.as_ref().clone().with_data_type(given.clone()))
                }
                _ => field.clone(),
            }
        });
        let carried = Arc::new(Schema::new(carried.collect::<Fields>()));
        Ok(Self {
            incoming: nullable(incoming),
            carried,
            sources,
        })
    }

    /// The schema to import batches with: nulls are reported by [`CastPlan::apply`].
    pub fn incoming(&self) -> &SchemaRef {
        &self.incoming
    }

    /// What [`CastPlan::apply`] gives.
    pub fn carried(&self) -> &SchemaRef {
        &self.carried
    }

    pub fn apply(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        let mut columns = Vec::with_capacity(self.sources.len());
        for (field, source) in self.carried.fields().iter().zip(&self.sources) {
            columns.push(match source {
                Some(source) => cast_column(batch.column(*source), field)?,
                None => new_null_array(field.data_type(), batch.num_rows()),
            });
        }
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        Ok(RecordBatch::try_new_with_options(
            self.carried.clone(),
            columns,
            &options,
        )?)
    }
}

/// Another form of the same texts or bytes.
fn is_form_of(given: &DataType, stored: &DataType) -> bool {
    use DataType::*;
    match (given, stored) {
        (Dictionary(_, values), stored) => {
            values.as_ref() == stored && matches!(stored, Utf8 | Binary)
        }
        (LargeUtf8 | Utf8View, Utf8) | (LargeBinary | BinaryView, Binary) => true,
        _ => false,
    }
}

fn cast_column(column: &ArrayRef, field: &FieldRef) -> Result<ArrayRef> {
    if !field.is_nullable() && column.logical_null_count() > 0 {
        let count = column.logical_null_count();
        return Err(BridgeError::new(
            Kind::ConstraintViolation,
            format!(
                "A column that must not be null is null: {}, {count} rows",
                field.name()
            ),
        )
        .with_subject(field.name()));
    }
    if column.data_type() == field.data_type() {
        return Ok(column.clone());
    }
    let value_error = |error: BridgeError| {
        let kind = Kind::SchemaMismatch;
        BridgeError::new(kind, error.message)
            .with_subject(field.name())
            .context(format!("A value does not fit its column: {}", field.name()))
    };
    if field.data_type().is_nested() {
        let name = field.name().clone();
        let single = |data_type: &DataType| {
            Arc::new(Schema::new(vec![Field::new(
                &name,
                data_type.clone(),
                true,
            )]))
        };
        let batch = RecordBatch::try_new(single(column.data_type()), vec![column.clone()])?;
        let cast = cast_record_batch(&batch, single(field.data_type()), false, false)
            .map_err(|error| value_error(error.into()))?;
        return Ok(cast.column(0).clone());
    }
    let strict = CastOptions {
        safe: false,
        ..CastOptions::default()
    };
    cast_with_options(column, field.data_type(), &strict).map_err(|error| value_error(error.into()))
}

/// Whether a cast keeps every value, or fails on the value that it cannot keep. Nanoseconds
/// are the exception: Delta has none.
fn casts_exactly(from: &DataType, to: &DataType) -> bool {
    use DataType::*;
    match (from, to) {
        (from, to) if from == to => true,
        // Nothing but nulls; a table that begins cannot have such a column, one that exists can.
        (Null, to) => !to.is_nested(),
        (Dictionary(_, values), to) => casts_exactly(values, to),
        (RunEndEncoded(_, values), to) => casts_exactly(values.data_type(), to),
        (from, to) if from.is_integer() && to.is_integer() => true,
        (from, Decimal128(_, _)) if from.is_integer() => true,
        (Float16, Float32 | Float64) | (Float32, Float64) => true,
        (Utf8 | LargeUtf8 | Utf8View, Utf8) => true,
        (Binary | LargeBinary | BinaryView | FixedSizeBinary(_), Binary) => true,
        (Date64, Date32) => true,
        (Timestamp(_, from), Timestamp(TimeUnit::Microsecond, to)) => {
            from.as_ref().is_some_and(|zone| !zone.is_empty()) == to.is_some()
        }
        (
            Decimal32(_, from) | Decimal64(_, from) | Decimal128(_, from) | Decimal256(_, from),
            Decimal128(_, to),
        ) => from <= to,
        (
            List(from)
            | LargeList(from)
            | FixedSizeList(from, _)
            | ListView(from)
            | LargeListView(from),
            List(to),
        ) => casts_exactly(from.data_type(), to.data_type()),
        (Struct(from), Struct(to)) => {
            from.len() == to.len()
                && to.iter().all(|field| {
                    from.iter().any(|found| {
                        found.name() == field.name()
                            && casts_exactly(found.data_type(), field.data_type())
                    })
                })
        }
        (Map(from, _), Map(to, _)) => match (from.data_type(), to.data_type()) {
            (Struct(from), Struct(to)) if from.len() == 2 && to.len() == 2 => from
                .iter()
                .zip(to)
                .all(|(left, right)| casts_exactly(left.data_type(), right.data_type())),
            _ => false,
        },
        _ => false,
    }
}

fn nullable(schema: &Schema) -> SchemaRef {
    let fields: Vec<Field> = schema
        .fields()
        .iter()
        .map(|field| field.as_ref().clone().with_nullable(true))
        .collect();
    Arc::new(Schema::new(fields))
}

fn mismatch(column: &str, sentence: &str, detail: &str) -> BridgeError {
    BridgeError::new(
        Kind::SchemaMismatch,
        format!("{sentence}: {column}; {detail}"),
    )
    .with_subject(column)
}

pub fn names(schema: &Schema) -> String {
    let names: Vec<&str> = schema
        .fields()
        .iter()
        .map(|field| field.name().as_str())
        .collect();
    format!("the columns are {}", names.join(", "))
}

/// Partition columns that a table of `schema` can have.
pub fn check_partition_columns(schema: &Schema, partition_columns: &[String]) -> Result<()> {
    for (index, column) in partition_columns.iter().enumerate() {
        let Ok(field) = schema.field_with_name(column) else {
            return Err(BridgeError::not_found(format!(
                "A partition column does not exist: {column}; {}",
                names(schema)
            ))
            .with_subject(column));
        };
        if field.data_type().is_nested() {
            return Err(BridgeError::unsupported(format!(
                "A nested column cannot partition a table: {column}, {}",
                field.data_type()
            ))
            .with_subject(column));
        }
        if partition_columns[..index].contains(column) {
            return Err(BridgeError::invalid_argument(format!(
                "A partition column is named twice: {column}"
            ))
            .with_subject(column));
        }
    }
    if partition_columns.len() >= schema.fields().len() {
        return Err(BridgeError::invalid_argument(
            "A Delta table needs a column that does not partition it",
        ));
    }
    Ok(())
}
