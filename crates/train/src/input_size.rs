//! The size of a new network's input, by the sizes of the images.

use foretask_data::Survey;

/// Images of unequal or large sizes are brought to at most this side unless told otherwise.
const LARGEST_SIDE: usize = 128;
/// And small ones of unequal sizes to at least this.
const SMALLEST_SIDE: usize = 32;

/// Width and height of a new network's input for these images, the same in pretraining and fine-tuning: their own where all are
/// alike and not large, else a square of the shorter side that nine of ten have at least, within bounds.
pub fn input_size(images: &Survey) -> (usize, usize) {
    match images.size {
        Some((width, height)) if width.max(height) <= LARGEST_SIDE => (width, height),
        _ => {
            let side = images.low_side.clamp(SMALLEST_SIDE, LARGEST_SIDE);
            (side, side)
        }
    }
}

/// Why it is that size, where it is not the images' own.
pub(crate) fn why_size(images: &Survey) -> String {
    let Survey { size, smallest_side, low_side, .. } = *images;
    let (side, _) = input_size(images);
    let sides = match size {
        Some((width, height)) => format!("images are {width}x{height}"),
        None if smallest_side == low_side => {
            format!("images differ in size, the shorter side of the smallest is {smallest_side}")
        }
        None => format!(
            "images differ in size: 9 of 10 have a shorter side of at least {low_side}, the smallest {smallest_side}"
        ),
    };
    match side {
        _ if side > smallest_side => format!("{sides}; smaller ones are enlarged"),
        LARGEST_SIDE => format!("{sides}; larger inputs cost more time and memory"),
        _ => sides,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mixed(smallest_side: usize, low_side: usize) -> Survey {
        Survey { count: 203, channels: 3, size: None, smallest_side, low_side, windows: None }
    }

    #[test]
    fn one_small_image_does_not_set_the_size_of_all() {
        let photos = mixed(68, 371);
        assert_eq!(input_size(&photos), (128, 128));
        let why = why_size(&photos);
        assert!(why.contains("at least 371") && why.contains("the smallest 68") && why.contains("enlarged"), "{why}");
        assert_eq!(input_size(&mixed(17, 17)), (32, 32));
        assert_eq!(input_size(&mixed(60, 100)), (100, 100));
        assert_eq!(why_size(&mixed(100, 100)), "images differ in size, the shorter side of the smallest is 100");
    }

    #[test]
    fn images_that_are_alike_keep_their_size() {
        let alike = |width, height: usize| Survey {
            size: Some((width, height)),
            smallest_side: height.min(width),
            low_side: height.min(width),
            ..mixed(0, 0)
        };
        assert_eq!(input_size(&alike(28, 20)), (28, 20));
        assert_eq!(input_size(&alike(640, 480)), (128, 128));
        assert!(why_size(&alike(640, 480)).contains("640x480"));
    }
}
