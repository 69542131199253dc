// Pictures for a pad: dropped, pasted, chosen as a file, or taken with the camera.

import { $ } from "./dom.js";

const LIMIT = 10 * 2 ** 20;

export function pictures(padInView, onError) {
  async function put(blob, pad = padInView()) {
    if (!blob || !pad) return;
    if (blob.size > LIMIT) return onError(new Error("The picture is larger than 10 MB; choose a smaller one."));
    try {
      pad.put({ picture: { blob, bitmap: await createImageBitmap(blob, { imageOrientation: "from-image" }) } });
      pad.canvas.focus({ preventScroll: true });
    } catch {
      onError(new Error("The browser cannot open the file as a picture; choose a PNG, JPEG or WebP file."));
    }
  }
  const first = (files) => [...files].find((file) => file.type.startsWith("image/")) ?? files[0];

  for (const input of [$("#file"), $("#snap")]) {
    input.addEventListener("change", () => {
      put(input.files[0]);
      input.value = "";
    });
  }

  document.addEventListener("paste", (event) => {
    const file = first(event.clipboardData?.files ?? []);
    if (file) put(file);
  });

  for (const pad of document.querySelectorAll(".pad")) {
    for (const name of ["dragenter", "dragover", "dragleave", "drop"]) {
      pad.addEventListener(name, (event) => {
        event.preventDefault();
        pad.classList.toggle("over", name === "dragenter" || name === "dragover");
        if (name === "drop") put(first(event.dataTransfer.files));
      });
    }
  }
  // A picture dropped beside the pad does not replace the page.
  for (const name of ["dragover", "drop"]) addEventListener(name, (event) => event.preventDefault());

  return { pick: () => $("#file").click(), camera: () => camera(put, onError) };
}

async function camera(put, onError) {
  // Browsers allow the camera for local and https pages only; phones offer it in the file dialog.
  if (!navigator.mediaDevices) return $("#snap").click();
  const dialog = $("#camera");
  const video = $("video", dialog);
  let stream;
  try {
    const video = { facingMode: "environment", width: { ideal: 1920 } };
    stream = await navigator.mediaDevices.getUserMedia({ video });
  } catch {
    return onError(new Error("The camera is not available; allow access in the browser, or choose a picture."));
  }
  video.srcObject = stream;
  dialog.addEventListener("close", () => {
    for (const track of stream.getTracks()) track.stop();
    video.srcObject = null;
  }, { once: true });
  dialog.showModal();
  await video.play();
  $("[value=cancel]", dialog).onclick = () => dialog.close();
  $("[value=take]", dialog).onclick = () => {
    const canvas = document.createElement("canvas");
    Object.assign(canvas, { width: video.videoWidth, height: video.videoHeight });
    canvas.getContext("2d").drawImage(video, 0, 0);
    dialog.close();
    canvas.toBlob((blob) => put(blob), "image/jpeg", 0.92);
  };
}
