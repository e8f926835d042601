//! Which input pixels an output pixel sees.

/// Zeros around a convolution's input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Padding {
    /// So many on each side.
    Zeros(usize),
    /// As many as make `ceil(size / stride)` results, the odd one behind: TensorFlow's.
    Same,
}

impl Padding {
    /// How many results an axis of this size gives.
    pub(crate) fn results(self, size: usize, kernel: usize, stride: usize) -> usize {
        match self {
            Self::Zeros(zeros) => (size + 2 * zeros - kernel) / stride + 1,
            Self::Same => size.div_ceil(stride),
        }
    }

    /// Zeros in front of an axis of this size, and behind it.
    pub(crate) fn around(self, size: usize, kernel: usize, stride: usize) -> [usize; 2] {
        match self {
            Self::Zeros(zeros) => [zeros; 2],
            Self::Same => {
                let reach = (self.results(size, kernel, stride).saturating_sub(1)) * stride + kernel;
                let all = reach.saturating_sub(size);
                [all / 2, all - all / 2]
            }
        }
    }
}

/// One convolution's sizes, `[n, h, w, input]` to `[n, out_h, out_w, output]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Geometry {
    pub(crate) images: usize,
    pub(crate) height: usize,
    pub(crate) width: usize,
    pub(crate) input: usize,
    pub(crate) output: usize,
    pub(crate) kernel: [usize; 2],
    pub(crate) stride: usize,
    pub(crate) padding: Padding,
}

impl Geometry {
    /// Of an input `[n, c, h, w]` and weights `[output, input, kh, kw]`.
    ///
    /// # Panics
    /// Where they do not fit together.
    pub(crate) fn new(x: [usize; 4], weight: [usize; 4], stride: usize, padding: Padding) -> Self {
        let ([images, input, height, width], [output, weight_input, kh, kw]) = (x, weight);
        assert_eq!(input, weight_input, "a convolution for {weight_input} channels was given {input}");
        let reach = |size: usize, kernel| size + padding.around(size, kernel, stride).iter().sum::<usize>();
        let fits = kh <= reach(height, kh) && kw <= reach(width, kw);
        assert!(fits, "a {kh}x{kw} convolution was given a {height}x{width} map");
        Self { images, height, width, input, output, kernel: [kh, kw], stride, padding }
    }

    /// Of an input `[n, c, h, w]` and weights `[c, 1, kh, kw]`: every channel by itself.
    ///
    /// # Panics
    /// Where they do not fit together.
    pub(crate) fn depthwise(x: [usize; 4], weight: [usize; 4], stride: usize, padding: Padding) -> Self {
        let ([_, channels, ..], [output, one, kh, kw]) = (x, weight);
        assert!(output == channels && one == 1, "a depthwise convolution for {output} channels was given {channels}");
        Self::new(x, [channels, channels, kh, kw], stride, padding)
    }

    /// Height and width of the input.
    fn size(&self, axis: usize) -> usize {
        [self.height, self.width][axis]
    }

    fn before(&self, axis: usize) -> usize {
        self.padding.around(self.size(axis), self.kernel[axis], self.stride)[0]
    }

    pub(crate) fn out_height(&self) -> usize {
        self.padding.results(self.height, self.kernel[0], self.stride)
    }

    pub(crate) fn out_width(&self) -> usize {
        self.padding.results(self.width, self.kernel[1], self.stride)
    }

    /// Values of one input image.
    pub(crate) fn in_len(&self) -> usize {
        self.height * self.width * self.input
    }

    /// Values of one output image.
    pub(crate) fn out_len(&self) -> usize {
        self.out_height() * self.out_width() * self.output
    }

    /// Kernel positions.
    pub(crate) fn taps(&self) -> usize {
        self.kernel[0] * self.kernel[1]
    }

    /// The source row (axis 0) that kernel row `k` sees from output row `o`, unless that is padding; columns alike.
    pub(crate) fn source(&self, axis: usize, o: usize, k: usize) -> Option<usize> {
        let size = self.size(axis);
        (o * self.stride + k).checked_sub(self.before(axis)).filter(|source| *source < size)
    }

    /// Source rows of output row `o` in the forward pass, as (kernel row, source row).
    pub(crate) fn forward_taps(&self, axis: usize, o: usize) -> Vec<(usize, usize)> {
        (0..self.kernel[axis]).filter_map(|k| Some((k, self.source(axis, o, k)?))).collect()
    }

    /// Output rows that input row `i` went into, as (kernel row counted backwards, output row), ascending.
    pub(crate) fn backward_taps(&self, axis: usize, i: usize) -> Vec<(usize, usize)> {
        let (size, before) = ([self.out_height(), self.out_width()][axis], self.before(axis));
        (0..self.kernel[axis])
            .rev()
            .filter_map(|k| {
                let o = (i + before).checked_sub(k).filter(|o| o % self.stride == 0)? / self.stride;
                (o < size).then_some((self.kernel[axis] - 1 - k, o))
            })
            .collect()
    }
}

/// A run of source values that lie side by side, and where their weights begin in a panel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Segment {
    /// Offset from the pixel's first source value.
    pub(crate) source: usize,
    /// Offset in the panel, in values.
    pub(crate) weight: usize,
    /// Source values.
    pub(crate) len: usize,
}

/// Pixels that see the source through the same taps.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) segments: Vec<Segment>,
    /// For each pixel: its first source value and its first result value, from the image's beginning.
    pub(crate) pixels: Vec<(u32, u32)>,
}

/// Sizes of a walk from sources to results.
pub(crate) struct Walk<'a> {
    /// Result pixels, height and width.
    pub(crate) result: [usize; 2],
    /// Channels of the result.
    pub(crate) result_channels: usize,
    /// Width of the source in pixels.
    pub(crate) source_width: usize,
    /// Channels of the source.
    pub(crate) source_channels: usize,
    /// Width of the kernel.
    pub(crate) kernel_width: usize,
    geometry: &'a Geometry,
    backwards: bool,
}

impl<'a> Walk<'a> {
    /// From inputs to outputs.
    pub(crate) fn forward(geometry: &'a Geometry) -> Self {
        Self {
            result: [geometry.out_height(), geometry.out_width()],
            result_channels: geometry.output,
            source_width: geometry.width,
            source_channels: geometry.input,
            kernel_width: geometry.kernel[1],
            geometry,
            backwards: false,
        }
    }

    /// From the gradients of outputs to those of inputs.
    pub(crate) fn backward(geometry: &'a Geometry) -> Self {
        Self {
            result: [geometry.height, geometry.width],
            result_channels: geometry.input,
            source_width: geometry.out_width(),
            source_channels: geometry.output,
            kernel_width: geometry.kernel[1],
            geometry,
            backwards: true,
        }
    }

    /// Taps of a result row or column: (panel position, source position), both ascending.
    pub(crate) fn taps(&self, axis: usize, result: usize) -> Vec<(usize, usize)> {
        if self.backwards {
            self.geometry.backward_taps(axis, result)
        } else {
            self.geometry.forward_taps(axis, result)
        }
    }
}

/// Rows or columns with the same taps: the taps' panel positions, their steps in the source, and for each member its own
/// position and its first source position.
pub(super) struct Class {
    pub(super) taps: Vec<(usize, usize)>,
    pub(super) members: Vec<(usize, usize)>,
}

pub(super) fn classes(walk: &Walk<'_>, axis: usize) -> Vec<Class> {
    let mut classes: Vec<Class> = Vec::new();
    for position in 0..walk.result[axis] {
        let taps = walk.taps(axis, position);
        let first = taps.first().map_or(0, |tap| tap.1);
        let relative: Vec<(usize, usize)> = taps.iter().map(|(k, source)| (*k, source - first)).collect();
        match classes.iter_mut().find(|class| class.taps == relative) {
            Some(class) => class.members.push((position, first)),
            None => classes.push(Class { taps: relative, members: vec![(position, first)] }),
        }
    }
    classes
}

/// All result pixels by the taps through which they see the source.
pub(crate) fn groups(walk: &Walk<'_>, lanes: usize) -> Vec<Group> {
    let (rows, columns) = (classes(walk, 0), classes(walk, 1));
    let channels = walk.source_channels;
    let mut groups = Vec::new();
    for row in &rows {
        for column in &columns {
            let mut segments: Vec<Segment> = Vec::new();
            for (ky, dy) in &row.taps {
                for (kx, dx) in &column.taps {
                    let source = (dy * walk.source_width + dx) * channels;
                    let weight = (ky * walk.kernel_width + kx) * channels * lanes;
                    match segments.last_mut() {
                        Some(last) if last.source + last.len == source && last.weight + last.len * lanes == weight => {
                            last.len += channels;
                        }
                        _ => segments.push(Segment { source, weight, len: channels }),
                    }
                }
            }
            let mut pixels = Vec::with_capacity(row.members.len() * column.members.len());
            for (y, source_y) in &row.members {
                for (x, source_x) in &column.members {
                    let source = (source_y * walk.source_width + source_x) * channels;
                    let result = (y * walk.result[1] + x) * walk.result_channels;
                    pixels.push((source as u32, result as u32));
                }
            }
            groups.push(Group { segments, pixels });
        }
    }
    groups
}
