"""The queue of documents to platforms.

The row is the queue. An attempt is written before the network is touched; one that is found without an outcome, or
ended by a time-out, is looked up at the platform before anything is sent again: no invoice goes twice, none is lost.
Delays 1 min, 5 min, 30 min, 2 h, 24 h (±10 %), or the platform’s own (Abby: 1, 2, 4 min), then it waits for a person.
"""

from einvoicing.services.transmissions.answering import AnswerInDoubt as AnswerInDoubt
from einvoicing.services.transmissions.answering import NothingAsked as NothingAsked
from einvoicing.services.transmissions.answering import Reply as Reply
from einvoicing.services.transmissions.answering import answer_request as answer_request
from einvoicing.services.transmissions.claiming import CARRIER_DIED as CARRIER_DIED
from einvoicing.services.transmissions.claiming import LEASE as LEASE
from einvoicing.services.transmissions.queue import AlreadyAnswered as AlreadyAnswered
from einvoicing.services.transmissions.queue import AlreadyTransmitted as AlreadyTransmitted
from einvoicing.services.transmissions.queue import NoPlatform as NoPlatform
from einvoicing.services.transmissions.queue import NotForPlatforms as NotForPlatforms
from einvoicing.services.transmissions.queue import NotIssuedYet as NotIssuedYet
from einvoicing.services.transmissions.queue import RejectedUnchanged as RejectedUnchanged
from einvoicing.services.transmissions.queue import dismiss_transmission as dismiss_transmission
from einvoicing.services.transmissions.queue import queue_many as queue_many
from einvoicing.services.transmissions.queue import queue_transmission as queue_transmission
from einvoicing.services.transmissions.queue import retry_transmission as retry_transmission
from einvoicing.services.transmissions.transmitting import TRANSMISSIONS as TRANSMISSIONS
from einvoicing.services.transmissions.transmitting import transmit as transmit
