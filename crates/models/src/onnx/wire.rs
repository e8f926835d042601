//! The messages of ONNX as Protocol Buffers write them, as far as networks need them.
//!
//! Field numbers are those of `onnx.proto`, whose syntax is proto2: repeated numbers are written one by one (packed ones are refused
//! by some readers).

/// A message on its way: fields one behind another.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Message(Vec<u8>);

/// How a field's value is laid out.
const VARINT: u64 = 0;
const BYTES: u64 = 2;
const FIXED: u64 = 5;

impl Message {
    /// A whole number.
    pub(super) fn int(mut self, field: u64, value: i64) -> Self {
        self.varint(field << 3 | VARINT);
        self.varint(value as u64);
        self
    }

    /// Whole numbers, one by one.
    pub(super) fn ints(self, field: u64, values: impl IntoIterator<Item = i64>) -> Self {
        values.into_iter().fold(self, |message, value| message.int(field, value))
    }

    /// A number of single precision.
    pub(super) fn float(mut self, field: u64, value: f32) -> Self {
        self.varint(field << 3 | FIXED);
        self.0.extend(value.to_le_bytes());
        self
    }

    /// A text.
    pub(super) fn text(self, field: u64, value: &str) -> Self {
        self.bytes(field, value.as_bytes())
    }

    /// Bytes.
    pub(super) fn bytes(mut self, field: u64, value: &[u8]) -> Self {
        self.varint(field << 3 | BYTES);
        self.varint(value.len() as u64);
        self.0.extend(value);
        self
    }

    /// A message within this one.
    pub(super) fn message(self, field: u64, value: &Self) -> Self {
        self.bytes(field, &value.0)
    }

    /// Messages within this one.
    pub(super) fn messages<'a>(self, field: u64, values: impl IntoIterator<Item = &'a Self>) -> Self {
        values.into_iter().fold(self, |message, value| message.message(field, value))
    }

    /// What goes into a file.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }
}

/// `onnx.TensorProto.DataType`.
pub(super) const FLOAT: i64 = 1;
/// The same of bytes.
pub(super) const UINT8: i64 = 2;
/// The same of whole numbers.
pub(super) const INT64: i64 = 7;

/// A `TensorProto`.
pub(super) fn tensor(name: &str, shape: &[usize], kind: i64, raw: &[u8]) -> Message {
    let dims = shape.iter().map(|size| *size as i64);
    Message::default().ints(1, dims).int(2, kind).text(8, name).bytes(9, raw)
}

/// A size of an input or output.
pub(super) enum Size {
    /// Always the same.
    Fixed(usize),
    /// What the caller likes, by a name.
    Any(&'static str),
}

/// A `ValueInfoProto`: an input or an output.
pub(super) fn value(name: &str, kind: i64, sizes: &[Size]) -> Message {
    let sizes: Vec<Message> = sizes
        .iter()
        .map(|size| match size {
            Size::Fixed(size) => Message::default().int(1, *size as i64),
            Size::Any(name) => Message::default().text(2, name),
        })
        .collect();
    let tensor = Message::default().int(1, kind).message(2, &Message::default().messages(1, &sizes));
    Message::default().text(1, name).message(2, &Message::default().message(1, &tensor))
}

/// What an operator is told besides its inputs.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Int(i64),
    Ints(Vec<i64>),
    Float(f32),
    Text(&'static str),
}

/// A `NodeProto`.
pub(super) fn node(operator: &str, inputs: &[&str], outputs: &[&str], attributes: &[(&str, Value)]) -> Message {
    let mut message = Message::default();
    for input in inputs {
        message = message.text(1, input);
    }
    for output in outputs {
        message = message.text(2, output);
    }
    message = message.text(3, outputs.first().copied().unwrap_or_default()).text(4, operator);
    for (name, value) in attributes {
        let attribute = Message::default().text(1, name);
        let attribute = match value {
            Value::Int(value) => attribute.int(3, *value).int(20, 2),
            Value::Ints(values) => attribute.ints(8, values.iter().copied()).int(20, 7),
            Value::Float(value) => attribute.float(2, *value).int(20, 1),
            Value::Text(value) => attribute.text(4, value).int(20, 3),
        };
        message = message.message(5, &attribute);
    }
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_texts_stand_as_the_specification_writes_them() {
        // protobuf.dev: 150 in field 1 is 08 96 01, "testing" in field 2 is 12 07 and the text.
        assert_eq!(Message::default().int(1, 150).into_bytes(), [0x08, 0x96, 0x01]);
        assert_eq!(Message::default().text(2, "testing").into_bytes(), b"\x12\x07testing");
        let inner = Message::default().int(1, 150);
        assert_eq!(Message::default().message(3, &inner).into_bytes(), [0x1a, 0x03, 0x08, 0x96, 0x01]);
        assert_eq!(Message::default().float(2, 1.0).into_bytes(), [0x15, 0, 0, 0x80, 0x3f]);
        let minus = Message::default().int(1, -1).into_bytes();
        assert_eq!((minus.len(), minus[10]), (11, 0x01));
        assert_eq!(Message::default().ints(8, [1, 2]).into_bytes(), [0x40, 1, 0x40, 2]);
    }
}
