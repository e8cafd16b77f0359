//! Ed25519 public keys that must not be used, and that no backend refuses at load.
//!
//! Under a point of small order, signatures verify that its owner did not make. Under the identity
//! one fixed signature verifies every message. There are eight such points. They are recognised by
//! their y coordinate, which covers both signs of x. A y at or above the field's prime is a second
//! spelling of another y, and is always refused.

/// Each y coordinate of a point of order 1, 2, 4 or 8, little-endian.
const SMALL_ORDER_Y: [[u8; 32]; 5] = [
    // Order 4: y = 0.
    [0; 32],
    // Order 1, the identity: y = 1.
    {
        let mut y = [0; 32];
        y[0] = 1;
        y
    },
    // Order 2: y = p - 1.
    {
        let mut y = P;
        y[0] = 0xec;
        y
    },
    // Order 8.
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98,
        0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53,
        0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67,
        0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac,
        0x03, 0x7a,
    ],
];

/// The field's prime 2^255 - 19, little-endian.
const P: [u8; 32] = {
    let mut p = [0xff; 32];
    p[0] = 0xed;
    p[31] = 0x7f;
    p
};

/// Whether an encoded point (RFC 8032 section 5.1.2) is of small order or has a second spelling.
pub(crate) fn is_weak(point: &[u8]) -> bool {
    let Ok(mut y) = <[u8; 32]>::try_from(point) else {
        return true;
    };
    // The top bit is the sign of x.
    if let Some(last) = y.last_mut() {
        *last &= 0x7f;
    }
    let is_canonical = y.iter().rev().lt(P.iter().rev());
    !is_canonical || SMALL_ORDER_Y.contains(&y)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn k07_every_spelling_of_the_eight_points_is_weak() {
        let mut spellings = SMALL_ORDER_Y.to_vec();
        // Second spellings: y + p, as far as 255 bits hold it.
        for low in [0xed, 0xee, 0xff] {
            let mut y = P;
            y[0] = low;
            spellings.push(y);
        }
        for y in spellings {
            for sign in [0, 0x80] {
                let mut point = y;
                point[31] |= sign;
                assert!(is_weak(&point), "{point:02x?}");
            }
        }
        assert!(is_weak(&[5; 31]) && is_weak(&[5; 33]));
    }

    #[test]
    fn k07_other_points_are_not() {
        // RFC 8032 section 7.1, tests 1 and 2, and the largest canonical y but p - 1.
        for x in [
            "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
            "PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw",
        ] {
            assert!(!is_weak(&crate::core::base64url::decode(x).unwrap()));
        }
        let mut y = P;
        y[0] = 0xeb;
        assert!(!is_weak(&y));
    }
}
