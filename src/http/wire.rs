//! Values as they stand in JSON and in the document that describes it.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{KnownFormat, SchemaFormat};

pub(super) use crate::domain::json::{Decimal, Number, Text};
use crate::domain::moment::Moment;

/// An object. (A derived reader would take an array as one, too, and where it takes nothing it
/// would name a type of ours.)
pub(super) struct Members<T>(pub(super) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Members<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MembersVisitor<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for MembersVisitor<T> {
            type Value = Members<T>;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Members<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Members)
            }
        }

        deserializer.deserialize_map(MembersVisitor(PhantomData))
    }
}

/// A moment in ISO-8601, UTC.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timestamp(pub(super) Moment);

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

const DECIMAL: &str = "Exact: at most 10 digits before the point and 8 after it";

/// In the document: a decimal.
pub(super) fn decimal() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Number).description(Some(DECIMAL))
}

/// In the document: a decimal, or null.
pub(super) fn decimal_or_null() -> ObjectBuilder {
    decimal().schema_type(SchemaType::from_iter([Type::Number, Type::Null]))
}

/// In the document: a moment.
pub(super) fn moment() -> ObjectBuilder {
    let format = SchemaFormat::KnownFormat(KnownFormat::DateTime);
    ObjectBuilder::new().schema_type(Type::String).format(Some(format))
}

/// In the document: a member that is always null.
pub(super) fn always_null() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Null)
}
