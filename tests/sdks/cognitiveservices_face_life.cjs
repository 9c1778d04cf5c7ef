// The life of every type and all seven snapshot operations, told by @azure/cognitiveservices-face 5.0.0:
// ENDPOINT KEY TARGET_KEY IMAGES TOKEN.
const assert = require("assert");
const fs = require("fs");
const { FaceClient } = require("@azure/cognitiveservices-face");
const { ApiKeyCredentials } = require("@azure/ms-rest-js");

const [endpoint, key, targetKey, images] = process.argv.slice(2);
const SCOPE = ["aaaaaaaa-0000-4000-8000-000000000001", "bbbbbbbb-0000-4000-8000-000000000002"];

function clientOf(value) {
  return new FaceClient(new ApiKeyCredentials({ inHeader: { "Ocp-Apim-Subscription-Key": value } }), endpoint);
}

const source = clientOf(key);
const target = clientOf(targetKey);
const image = (number) => () => fs.createReadStream(`${images}/${number}.png`);

async function detect(client, number, options = {}) {
  const faces = await client.face.detectWithStream(image(number), options);
  assert.strictEqual(faces.length, 1);
  return faces[0].faceId;
}

async function finished(client, response) {
  const operation = response._response.headers.get("operation-location").split("/").pop();
  const status = await client.snapshot.getOperationStatus(operation);
  assert.strictEqual(status.status, "succeeded");
  return status.resourceLocation;
}

async function move(type, objectId) {
  const taken = await source.snapshot.take(type, objectId, SCOPE, { userData: "moved" });
  const id = (await finished(source, taken)).replace("/snapshots/", "");
  assert.strictEqual((await source.snapshot.get(id)).type, type);
  await source.snapshot.update(id, { userData: "moving" });
  const listed = await source.snapshot.list({ type, applyScope: SCOPE });
  assert.ok(listed.map((snapshot) => snapshot.id).includes(id));
  assert.strictEqual((await target.snapshot.get(id)).userData, "moving");
  const place = await finished(target, await target.snapshot.apply(id, objectId));
  assert.strictEqual(place, `/${type.toLowerCase()}/${objectId}`);
  await source.snapshot.deleteMethod(id);
}

async function lifeOfGroup(type, groups, persons) {
  const scope = { [`${groups}Id`]: "life" };
  const [own, ownPersons] = [source[groups], source[persons]];
  await own.create("life", "Life", { userData: "data", recognitionModel: "recognition_04" });
  const ada = (await ownPersons.create("life", { name: "Ada", userData: "1815" })).personId;
  const face = await ownPersons.addFaceFromStream("life", ada, image(1), { userData: "front", targetFace: [0, 0, 48, 48] });
  await ownPersons.updateFace("life", ada, face.persistedFaceId, { userData: "left" });
  assert.strictEqual((await ownPersons.getFace("life", ada, face.persistedFaceId)).userData, "left");
  await ownPersons.update("life", ada, { name: "Ada Lovelace" });
  await own.update("life", { name: "The life" });
  await own.train("life");
  assert.strictEqual((await own.getTrainingStatus("life")).status, "succeeded");
  assert.strictEqual((await own.get("life", { returnRecognitionModel: true })).recognitionModel, "recognition_04");
  assert.ok((await own.list()).map((group) => group[`${groups}Id`]).includes("life"));
  const seen = await detect(source, 1, { recognitionModel: "recognition_04" });
  const [found] = await source.face.identify([seen], scope);
  assert.deepStrictEqual(found.candidates.map((candidate) => candidate.personId), [ada]);
  assert.ok((await source.face.verifyFaceToPerson(seen, ada, scope)).isIdentical);
  await move(type, "life");
  assert.deepStrictEqual((await target[persons].list("life")).map((person) => person.name), ["Ada Lovelace"]);
  await ownPersons.deleteFace("life", ada, face.persistedFaceId);
  await ownPersons.deleteMethod("life", ada);
  for (const client of [source, target]) await client[groups].deleteMethod("life");
  await assert.rejects(own.get("life"), (error) => error.code === `${type}NotFound`);
}

async function lifeOfList(type, lists) {
  const own = source[lists];
  await own.create("life", "Life");
  const face = (await own.addFaceFromStream("life", image(1), { userData: "case" })).persistedFaceId;
  await own.update("life", { userData: "cases" });
  if (type === "LargeFaceList") {
    await own.updateFace("life", face, { userData: "case 1" });
    assert.strictEqual((await own.getFace("life", face)).userData, "case 1");
    assert.strictEqual((await own.listFaces("life")).length, 1);
    await own.train("life");
    assert.strictEqual((await own.getTrainingStatus("life")).status, "succeeded");
  } else {
    assert.strictEqual((await own.get("life")).persistedFaces.length, 1);
  }
  assert.ok((await own.list()).map((list) => list[`${lists}Id`]).includes("life"));
  const seen = await detect(source, 1);
  const [similar] = await source.face.findSimilar(seen, { [`${lists}Id`]: "life" });
  assert.strictEqual(similar.persistedFaceId, face);
  await move(type, "life");
  await own.deleteFace("life", face);
  for (const client of [source, target]) await client[lists].deleteMethod("life");
}

async function main() {
  await lifeOfGroup("PersonGroup", "personGroup", "personGroupPerson");
  await lifeOfGroup("LargePersonGroup", "largePersonGroup", "largePersonGroupPerson");
  await lifeOfList("FaceList", "faceList");
  await lifeOfList("LargeFaceList", "largeFaceList");
  const [first, same, other] = [await detect(source, 1), await detect(source, 1), await detect(source, 2)];
  assert.ok((await source.face.verifyFaceToFace(first, same)).isIdentical);
  const grouped = await source.face.group([first, same, other]);
  assert.deepStrictEqual([grouped.groups, grouped.messyGroup], [[[first, same]], [other]]);
  const similar = await source.face.findSimilar(first, { faceIds: [other, same] });
  assert.deepStrictEqual(similar.map((found) => found.faceId), [same]);
  console.log("done");
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
