// Pictures for a pad: dropped, pasted, picked, or taken with the camera.

import { $ } from "./dom.js";

const LIMIT = 10 * 2 ** 20;

export function pictures(padInView, fail) {
  async function lay(blob, pad = padInView()) {
    if (!blob || !pad) return;
    if (blob.size > LIMIT) return fail(new Error("This picture has more than 10 MB; take a smaller one."));
    try {
      pad.put({ picture: { blob, bitmap: await createImageBitmap(blob, { imageOrientation: "from-image" }) } });
      pad.canvas.focus({ preventScroll: true });
    } catch {
      fail(new Error("This file is no picture that the browser can show; take a PNG, JPEG or WebP file."));
    }
  }
  const first = (files) => [...files].find((file) => file.type.startsWith("image/")) ?? files[0];

  for (const input of [$("#file"), $("#snap")]) {
    input.addEventListener("change", () => {
      lay(input.files[0]);
      input.value = "";
    });
  }

  document.addEventListener("paste", (event) => {
    const file = first(event.clipboardData?.files ?? []);
    if (file) lay(file);
  });

  for (const pad of document.querySelectorAll(".pad")) {
    for (const name of ["dragenter", "dragover", "dragleave", "drop"]) {
      pad.addEventListener(name, (event) => {
        event.preventDefault();
        pad.classList.toggle("over", name === "dragenter" || name === "dragover");
        if (name === "drop") lay(first(event.dataTransfer.files));
      });
    }
  }
  // A picture that misses the pad is not opened in place of the page.
  for (const name of ["dragover", "drop"]) addEventListener(name, (event) => event.preventDefault());

  return { pick: () => $("#file").click(), camera: () => camera(lay, fail) };
}

async function camera(lay, fail) {
  // Browsers lend the camera to pages from this machine or over https alone; phones have their own way to take one.
  if (!navigator.mediaDevices) return $("#snap").click();
  const dialog = $("#camera");
  const video = $("video", dialog);
  let stream;
  try {
    const video = { facingMode: "environment", width: { ideal: 1920 } };
    stream = await navigator.mediaDevices.getUserMedia({ video });
  } catch {
    return fail(new Error("No camera could be used; allow it in the browser, or pick a picture instead."));
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
    canvas.toBlob((blob) => lay(blob), "image/jpeg", 0.92);
  };
}
