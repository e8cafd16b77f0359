//! Why a token is refused, with the facts of each case. A group of refusals is in the file of its
//! name, with the reason and the explanation of each.

use crate::core::verdict::audience::AudienceRefusal;
use crate::core::verdict::claims::ClaimRefusal;
use crate::core::verdict::denial::DenialRefusal;
use crate::core::verdict::explained::Explained;
use crate::core::verdict::form::FormRefusal;
use crate::core::verdict::header::HeaderRefusal;
use crate::core::verdict::issuer::IssuerRefusal;
use crate::core::verdict::key::KeyRefusal;
use crate::core::verdict::kind::KindRefusal;
use crate::core::verdict::operation::OperationRefusal;
use crate::core::verdict::possession::PossessionRefusal;
use crate::core::verdict::time::TimeRefusal;

macro_rules! groups {
    ($($name:ident($group:ident),)+) => {
        /// One refusal of any group.
        #[derive(Clone)]
        pub(crate) enum Refusal {
            $($name($group),)+
        }

        impl Refusal {
            pub(crate) fn group(&self) -> &dyn Explained {
                match self {
                    $(Refusal::$name(refusal) => refusal,)+
                }
            }
        }

        $(
            impl From<$group> for Refusal {
                fn from(refusal: $group) -> Self {
                    Refusal::$name(refusal)
                }
            }
        )+
    };
}

groups! {
    Form(FormRefusal),
    Issuer(IssuerRefusal),
    Kind(KindRefusal),
    Header(HeaderRefusal),
    Audience(AudienceRefusal),
    Time(TimeRefusal),
    Claim(ClaimRefusal),
    Key(KeyRefusal),
    Possession(PossessionRefusal),
    Operation(OperationRefusal),
    Denial(DenialRefusal),
}
