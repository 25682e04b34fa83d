-- What any service keeps for itself beside its feature's tables.

-- Key of the MAC on paging tokens: the same for every instance of the service, no customer's secret.
CREATE TABLE service_paging (
  singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  mac_key   bytea   NOT NULL CHECK (length(mac_key) = 32)
);
