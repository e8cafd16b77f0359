//! An actix-web API whose routes need an access token. The lines that end with `// new`, here and
//! in `main.rs`, are what the protection adds to an existing API.

use actix_web::web::{self, Json, ServiceConfig};
use resource_server::{AccessToken, Error, Requirement, Validator}; // new
use serde::Serialize;

/// The API's routes, for `App::configure`. Each worker of the server has a clone.
///
/// # Errors
/// The Validator has no resource, so there is no metadata to serve.
pub fn routes(
    validator: Validator, // new
) -> Result<impl FnOnce(&mut ServiceConfig) + Clone + Send + 'static, Error> {
    let metadata = validator.resource_metadata()?; // new
    Ok(move |config: &mut ServiceConfig| {
        config.service(metadata); // new
        let v1 = web::scope("/v1")
            .service(web::resource("/orders").get(list).post(add))
            .wrap(validator.protect()); // new
        config.service(v1);
    })
}

#[derive(Serialize)]
struct Orders {
    owner: String,
    items: Vec<&'static str>,
}

async fn list(token: AccessToken) -> Json<Orders> {
    Json(Orders {
        owner: token.subject().unwrap_or("nobody").to_owned(),
        items: vec!["apples", "pears"],
    })
}

async fn add(token: AccessToken) -> Result<&'static str, Error> {
    token.require(&Requirement::scope("orders:write"))?; // new
    Ok("added")
}
