//! Sizes of files as moderators read them.

use super::number::{counted, grouped};

/// “75 bytes”, “2 KiB”, “3.4 MiB”: rounded down, with a tenth below ten.
pub fn size(bytes: u64) -> String {
    const UNITS: [(u32, &str); 4] = [(40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")];
    let Some((shift, unit)) = UNITS.into_iter().find(|(shift, _)| bytes >> shift > 0) else {
        return counted(bytes, "byte");
    };
    let whole = bytes >> shift;
    // Ten times the rest is below 2⁶⁴: it has 40 bits at most.
    let tenths = ((bytes & ((1 << shift) - 1)) * 10) >> shift;
    if whole < 10 && tenths > 0 {
        format!("{whole}.{tenths} {unit}")
    } else {
        format!("{} {unit}", grouped(whole))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        for (bytes, want) in [
            (0, "0 bytes"),
            (1, "1 byte"),
            (1023, "1,023 bytes"),
            (1024, "1 KiB"),
            (1536, "1.5 KiB"),
            (10_300, "10 KiB"),
            (3 * 1024 * 1024 + 500_000, "3.4 MiB"),
            (5 << 30, "5 GiB"),
            (u64::MAX, "16,777,215 TiB"),
        ] {
            assert_eq!(size(bytes), want, "{bytes}");
        }
    }
}
