//! Serves the tools on loopback, with an authorization server for trying them: `cargo run -p
//! mcp-server`.

use mcp_server::{Tools, router, scopes};
use resource_server::{Issuer, Resource, Validator, testing::TestServer};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/mcp", listener.local_addr()?);
    // In your server: Issuer::discover("https://as.example.com").
    let server = TestServer::start(&url).await?;
    let resource = Resource::new(&url).scopes_supported(["math:read", "math:write", "math:many"]);
    let validator = Validator::builder()
        .resource(resource.entry_scopes(["math:read"]))
        .issuer(Issuer::discover(server.url()))
        .build()?;

    let token = server
        .issuer()
        .token()
        .subject("alice")
        .scope("math:read")
        .mint();
    for (tool, arguments) in [("sum", r#"{"numbers":[1,2]}"#), ("add", r#"{"number":3}"#)] {
        println!(
            "curl -i {url} -H 'Authorization: Bearer {token}' -H 'Content-Type: application/json' \
             -H 'Accept: application/json, text/event-stream' -d '{{\"jsonrpc\":\"2.0\",\"id\":1,\
             \"method\":\"tools/call\",\"params\":{{\"name\":\"{tool}\",\"arguments\":{arguments}}}}}'\n"
        );
    }
    println!("curl {}", validator.resource_metadata()?.url());
    axum::serve(listener, router(&validator, &Tools::new(scopes()))?).await?;
    Ok(())
}
