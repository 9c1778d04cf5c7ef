// The life of every type, told by @azure-rest/ai-vision-face 1.0.0-beta.1: ENDPOINT KEY TARGET_KEY IMAGES TOKEN key|token.
import assert from "node:assert";
import fs from "node:fs";
import createFaceClient, { getLongRunningPoller } from "@azure-rest/ai-vision-face";
import { AzureKeyCredential } from "@azure/core-auth";

const [endpoint, key, , images, token, kind] = process.argv.slice(2);
const credential =
  kind === "key"
    ? new AzureKeyCredential(key)
    : { getToken: async () => ({ token, expiresOnTimestamp: Date.now() + 3600_000 }) };
const client = createFaceClient(endpoint, credential);
const image = (number) => fs.readFileSync(`${images}/${number}.png`);
const OCTETS = "application/octet-stream";
const MODELS = { detectionModel: "detection_03", recognitionModel: "recognition_04" };

async function ok(promise) {
  const response = await promise;
  assert.ok(["200", "202"].includes(response.status), JSON.stringify(response.body));
  return response.body;
}

async function detect(number) {
  const faces = await ok(
    client.path("/detect").post({
      contentType: OCTETS,
      queryParameters: { ...MODELS, returnFaceId: true, returnFaceAttributes: ["qualityForRecognition"] },
      body: image(number),
    }),
  );
  assert.strictEqual(faces[0].faceAttributes.qualityForRecognition, "high");
  return faces[0].faceId;
}

async function trained(path) {
  const response = await client.path(`${path}/train`, "life").post();
  assert.strictEqual(response.status, "202");
  const poller = await getLongRunningPoller(client, response, { intervalInMs: 50 });
  await poller.pollUntilDone();
  assert.strictEqual((await ok(client.path(`${path}/training`, "life").get())).status, "succeeded");
}

async function lifeOfGroup(collection, idName) {
  const path = `/${collection}/{${idName}}`;
  await ok(client.path(path, "life").put({ body: { name: "Life", recognitionModel: "recognition_04" } }));
  const { personId } = await ok(client.path(`${path}/persons`, "life").post({ body: { name: "Ada" } }));
  const faces = client.path(`${path}/persons/{personId}/persistedfaces`, "life", personId);
  const { persistedFaceId } = await ok(
    faces.post({ contentType: OCTETS, queryParameters: { userData: "front" }, body: image(1) }),
  );
  const face = client.path(
    `${path}/persons/{personId}/persistedfaces/{persistedFaceId}`, "life", personId, persistedFaceId,
  );
  await ok(face.patch({ body: { userData: "left" } }));
  assert.strictEqual((await ok(face.get())).userData, "left");
  const person = client.path(`${path}/persons/{personId}`, "life", personId);
  await ok(person.patch({ body: { name: "Ada Lovelace" } }));
  await ok(client.path(path, "life").patch({ body: { userData: "data" } }));
  await trained(path);
  assert.strictEqual((await ok(client.path(`${path}/persons`, "life").get()))[0].name, "Ada Lovelace");
  assert.ok((await ok(client.path(`/${collection}`).get())).map((group) => group[idName]).includes("life"));
  const faceId = await detect(1);
  const [found] = await ok(client.path("/identify").post({ body: { faceIds: [faceId], [idName]: "life" } }));
  assert.strictEqual(found.candidates[0].personId, personId);
  const verified = await ok(client.path("/verify").post({ body: { faceId, personId, [idName]: "life" } }));
  assert.ok(verified.isIdentical);
  await ok(face.delete());
  await ok(person.delete());
  await ok(client.path(path, "life").delete());
  const gone = await client.path(path, "life").get();
  assert.strictEqual(gone.status, "404");
  assert.strictEqual(gone.headers["x-ms-error-code"], gone.body.error.code);
}

async function lifeOfList(collection, idName, trains) {
  const path = `/${collection}/{${idName}}`;
  await ok(client.path(path, "life").put({ body: { name: "Life", recognitionModel: "recognition_04" } }));
  const faces = client.path(`${path}/persistedfaces`, "life");
  const { persistedFaceId } = await ok(
    faces.post({ contentType: OCTETS, queryParameters: { userData: "case" }, body: image(1) }),
  );
  await ok(client.path(path, "life").patch({ body: { userData: "cases" } }));
  if (trains) {
    await trained(path);
    assert.strictEqual((await ok(faces.get())).length, 1);
  }
  const list = await ok(client.path(path, "life").get({ queryParameters: { returnRecognitionModel: true } }));
  assert.strictEqual(list.recognitionModel, "recognition_04");
  assert.ok((await ok(client.path(`/${collection}`).get())).map((each) => each[idName]).includes("life"));
  const body = { faceId: await detect(1), [idName]: "life" };
  const [found] = await ok(client.path("/findsimilars").post({ body }));
  assert.strictEqual(found.persistedFaceId, persistedFaceId);
  await ok(client.path(`${path}/persistedfaces/{persistedFaceId}`, "life", persistedFaceId).delete());
  await ok(client.path(path, "life").delete());
}

await lifeOfGroup("persongroups", "personGroupId");
await lifeOfGroup("largepersongroups", "largePersonGroupId");
await lifeOfList("facelists", "faceListId", false);
await lifeOfList("largefacelists", "largeFaceListId", true);
const [first, same, other] = [await detect(1), await detect(1), await detect(2)];
const grouped = await ok(client.path("/group").post({ body: { faceIds: [first, same, other] } }));
assert.deepStrictEqual(grouped, { groups: [[first, same]], messyGroup: [other] });
const similar = await ok(client.path("/findsimilars").post({ body: { faceId: first, faceIds: [other, same] } }));
assert.deepStrictEqual(similar, [{ faceId: same, confidence: 1 }]);
assert.ok((await ok(client.path("/verify").post({ body: { faceId1: first, faceId2: same } }))).isIdentical);
console.log("done");
