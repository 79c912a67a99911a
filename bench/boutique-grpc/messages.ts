import protobuf from 'protobufjs';

const PROTO = `syntax = "proto3";
message Empty {}
message Money { string currency_code = 1; int64 units = 2; int32 nanos = 3; }
message Product {
  string id = 1; string name = 2; string description = 3; string picture = 4; Money price = 5;
  repeated string categories = 6;
}
message CartItem { string product_id = 1; int32 quantity = 2; }
message Address {
  string street_address = 1; string city = 2; string state = 3; string zip_code = 4; string country = 5;
}
message CreditCard { string number = 1; int32 expiration_month = 2; int32 expiration_year = 3; string cvv = 4; }
message Ad { string product_id = 1; string text = 2; }
message OrderLine { string product_id = 1; string name = 2; int32 quantity = 3; Money price = 4; Money total = 5; }
message Order {
  string order_id = 1; string tracking_id = 2; string transaction_id = 3; string card_brand = 4;
  string card_last_four = 5; repeated OrderLine lines = 6; Money shipping_cost = 7; Money total = 8; Address address = 9;
}
message OrderRequest {
  string user_id = 1; string currency_code = 2; string email = 3; Address address = 4; CreditCard card = 5;
}
message PlacedOrder { Order order = 1; bool confirmed = 2; }
message Receipt { string transaction_id = 1; Money amount = 2; string brand = 3; string last_four = 4; }

message AdsRequest { repeated string categories = 1; }
message AdsAnswer { repeated Ad ads = 1; }
message UserRequest { string user_id = 1; }
message CartItemsAnswer { repeated CartItem items = 1; }
message AddItemRequest { string user_id = 1; CartItem item = 2; }
message RemoveAnswer { bool removed = 1; }
message ProductRequest { string id = 1; }
message ProductsAnswer { repeated Product products = 1; }
message SearchRequest { string query = 1; }
message PlaceOrderRequest { OrderRequest request = 1; }
message CodesAnswer { repeated string codes = 1; }
message ConvertRequest { Money amount = 1; string to_code = 2; }
message ConfirmationRequest { string to = 1; Order order = 2; }
message ChargeRequest { Money amount = 1; CreditCard card = 2; }
message RecommendationsRequest { repeated string product_ids = 1; }
message RecommendationsAnswer { repeated string product_ids = 1; }
message QuoteRequest { repeated CartItem items = 1; Address address = 2; }
message ShipRequest { Address address = 1; repeated CartItem items = 2; }
message ShipAnswer { string tracking_id = 1; }`;

// 64-bit integers as numbers, not as objects of the package long: what the business code works with, and faster.
protobuf.util.Long = undefined as unknown as typeof protobuf.util.Long;
protobuf.configure();

const { root } = protobuf.parse(PROTO, { keepCase: false });

export type Fields = Readonly<Record<string, unknown>>;

export interface Serializer {
  serialize(value: Fields): Buffer;
  deserialize(bytes: Buffer): Fields;
}

/** protobufjs compiles an encoder and a decoder of its own for each type, as its command line writes them to a file. */
export function serializer(name: string): Serializer {
  const type = root.lookupType(name);
  return {
    serialize: (value) => type.encode(value).finish() as Buffer,
    deserialize: (bytes) => type.decode(bytes) as unknown as Fields,
  };
}
