//! Row C05 for metadata: the bytes of a document bound it, and nothing how many members and entries
//! it has.

use serde_json::{Value, json};

use crate::support::http::World;

#[tokio::test]
async fn c05_metadata_of_any_number_of_members_and_scopes_is_read() {
    for (scopes, members) in [(1_100, 0), (0, 140), (1_100, 1_100)] {
        let world = World::new().await;
        let scopes: Vec<_> = (0..scopes).map(|at| format!("scope-{at}")).collect();
        let mut metadata = json!({
            "issuer": world.server.url(),
            "jwks_uri": world.server.jwks_url(),
            "scopes_supported": scopes,
        });
        for at in 0..members {
            metadata[format!("member_{at}")] = Value::from(at);
        }
        world.server.serve_metadata(metadata.to_string());
        world.validate(&world.token()).await.unwrap();
    }
}
