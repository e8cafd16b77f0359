//! What fuzz targets share.

use url::Url;

/// Whether another reader of URLs finds `https://api.example.com/orders` in this one. It compares
/// less strictly than RFC 3986 section 6.2.2: it decodes each character of the path.
///
/// # Panics
/// The text is no URL.
pub fn is_orders(text: &str) -> bool {
    let url = Url::parse(text).expect("a URL");
    let path = percent_encoding::percent_decode_str(url.path());
    url.scheme() == "https"
        && url.host_str() == Some("api.example.com")
        && url.port().is_none()
        && url.username().is_empty()
        && url.password().is_none()
        && path.collect::<Vec<u8>>() == b"/orders"
}
