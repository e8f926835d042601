//! What was drawn, in words.

use super::draw::Drawn;
use crate::ops::Change;

impl Drawn {
    /// The choices in order of application, separated by commas.
    pub(crate) fn words(&self) -> String {
        let mut words = Vec::new();
        if let Some(rect) = self.crop {
            words.push(format!("crop {}x{} at ({}, {})", rect.width, rect.height, rect.x, rect.y));
        }
        // The window moves one way, the picture the other.
        for (steps, back, forth) in [(self.moved.0, "right", "left"), (self.moved.1, "down", "up")] {
            if steps != 0 {
                words.push(format!("moved {} {}", steps.abs(), if steps < 0 { back } else { forth }));
            }
        }
        if let Some(angle) = self.angle {
            words.push(format!("turned {angle:+.0} degrees"));
        }
        if self.flip {
            words.push("mirrored".to_owned());
        }
        if self.vertical_flip {
            words.push("upside down".to_owned());
        }
        for change in self.changes.into_iter().flatten() {
            words.push(match change {
                Change::Brightness(factor) => format!("brightness x{factor:.2}"),
                Change::Contrast(factor) => format!("contrast x{factor:.2}"),
                Change::Saturation(factor) => format!("saturation x{factor:.2}"),
                Change::Hue(shift) => format!("hue {shift:+.2} turn"),
                Change::ChannelBrightness(factors) => format!("brightness of each channel +-{:.2}", factors.strength),
                Change::ChannelContrast(factors) => format!("contrast of each channel +-{:.2}", factors.strength),
            });
        }
        if self.grayscale {
            words.push("gray".to_owned());
        }
        if let Some(channel) = self.dropped {
            words.push(format!("without channel {}", channel + 1));
        }
        if let Some(bits) = self.bits {
            words.push(format!("{bits} bits"));
        }
        if self.equalize {
            words.push("equalized".to_owned());
        }
        if let Some(sigma) = self.sigma {
            words.push(format!("blur {sigma:.1} px"));
        }
        if self.solarize {
            words.push("solarized".to_owned());
        }
        if let Some(rect) = self.cutout {
            words.push(format!("{}x{} black at ({}, {})", rect.width, rect.height, rect.x, rect.y));
        }
        if words.is_empty() { "as it is".to_owned() } else { words.join(", ") }
    }
}
