//! Describes the service in Rust, so that this example needs no protoc. If your API has a `.proto`
//! file, call `tonic_prost_build::compile_protos` instead. The protection is the same.

use tonic_build::manual::{Builder, Method, Service};

fn main() {
    let list = Method::builder()
        .name("list")
        .route_name("List")
        .input_type("crate::ListRequest")
        .output_type("crate::ListReply")
        .codec_path("tonic_prost::ProstCodec")
        .build();
    let watch = Method::builder()
        .name("watch")
        .route_name("Watch")
        .input_type("crate::ListRequest")
        .output_type("crate::ListReply")
        .codec_path("tonic_prost::ProstCodec")
        .server_streaming()
        .build();
    let service = Service::builder()
        .package("example")
        .name("Orders")
        .method(list)
        .method(watch)
        .build();
    Builder::new().compile(&[service]);
}
