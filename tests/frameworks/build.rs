//! Generates the gRPC service and its client from a description in Rust, so that no protoc is
//! needed. The messages are in `src/grpc/mod.rs`.

use tonic_build::manual::{Builder, Method, MethodBuilder, Service};

fn method(name: &str, route: &str) -> MethodBuilder {
    Method::builder()
        .name(name)
        .route_name(route)
        .input_type("crate::grpc::Asked")
        .output_type("crate::grpc::Told")
        .codec_path("tonic_prost::ProstCodec")
}

fn main() {
    let service = Service::builder()
        .package("framework")
        .name("Api")
        .method(method("get", "Get").build())
        .method(method("watch", "Watch").server_streaming().build())
        .build();
    Builder::new().compile(&[service]);
}
