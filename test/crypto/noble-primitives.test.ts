import { noblePrimitives } from "../../src/crypto/noble-primitives.ts";
import { ed25519Contract } from "../contract/ed25519-contract.ts";
import { mlKemContract } from "../contract/ml-kem-contract.ts";
import { primitivesContract } from "../contract/primitives-contract.ts";
import { wycheproofContract } from "../contract/wycheproof-contract.ts";

primitivesContract("noble", noblePrimitives);
mlKemContract("noble", noblePrimitives);
wycheproofContract("noble", noblePrimitives);
ed25519Contract("noble", noblePrimitives);
