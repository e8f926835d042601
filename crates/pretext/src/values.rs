//! Values of pixels as the crate takes them, whatever their type.

/// Values of one of three types, borrowed; what is black and white follows from the type.
#[derive(Clone, Copy, Debug)]
pub enum ValuesRef<'a> {
    /// 0 to 255.
    Bytes(&'a [u8]),
    /// 0 to 65535.
    Words(&'a [u16]),
    /// 0 to 1.
    Floats(&'a [f32]),
}

impl<'a> ValuesRef<'a> {
    /// How many there are.
    pub const fn len(&self) -> usize {
        match self {
            Self::Bytes(values) => values.len(),
            Self::Words(values) => values.len(),
            Self::Floats(values) => values.len(),
        }
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes, where they are bytes.
    pub const fn bytes(&self) -> Option<&'a [u8]> {
        match self {
            Self::Bytes(values) => Some(values),
            Self::Words(_) | Self::Floats(_) => None,
        }
    }
}

impl<'a> From<&'a [u8]> for ValuesRef<'a> {
    fn from(values: &'a [u8]) -> Self {
        Self::Bytes(values)
    }
}

impl<'a> From<&'a Vec<u8>> for ValuesRef<'a> {
    fn from(values: &'a Vec<u8>) -> Self {
        Self::Bytes(values)
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for ValuesRef<'a> {
    fn from(values: &'a [u8; N]) -> Self {
        Self::Bytes(values)
    }
}

impl<'a> From<&'a [u16]> for ValuesRef<'a> {
    fn from(values: &'a [u16]) -> Self {
        Self::Words(values)
    }
}

impl<'a> From<&'a [f32]> for ValuesRef<'a> {
    fn from(values: &'a [f32]) -> Self {
        Self::Floats(values)
    }
}
