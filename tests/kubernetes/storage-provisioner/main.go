// A stand-in for minikube's storage-provisioner: folders of the node as volumes, with the same
// names, places and lock. Two flags are for tests: they slow it down, or have it serve another class.
package main

import (
	"context"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/uuid"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"
	"sigs.k8s.io/sig-storage-lib-external-provisioner/v11/controller"
)

const identityKey = "hostPathProvisionerIdentity"

type hostPath struct {
	folder   string
	slow     time.Duration
	identity string // of this process: minikube's deletes the volumes of no other
}

func (p *hostPath) Provision(
	ctx context.Context, options controller.ProvisionOptions,
) (*v1.PersistentVolume, controller.ProvisioningState, error) {
	claim := options.PVC
	path := filepath.Join(p.folder, claim.Namespace, claim.Name)
	klog.Infof("Provisioning volume %s to %s", options.PVName, path)
	select {
	case <-time.After(p.slow):
	case <-ctx.Done():
		return nil, controller.ProvisioningFinished, ctx.Err()
	}
	if err := os.MkdirAll(path, 0o777); err != nil {
		return nil, controller.ProvisioningFinished, err
	}
	if err := os.Chmod(path, 0o777); err != nil { // whatever the umask
		return nil, controller.ProvisioningFinished, err
	}
	return &v1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{
			Name:        options.PVName,
			Annotations: map[string]string{identityKey: p.identity},
		},
		Spec: v1.PersistentVolumeSpec{
			PersistentVolumeReclaimPolicy: *options.StorageClass.ReclaimPolicy,
			AccessModes:                   claim.Spec.AccessModes,
			Capacity: v1.ResourceList{
				v1.ResourceStorage: claim.Spec.Resources.Requests[v1.ResourceStorage],
			},
			PersistentVolumeSource: v1.PersistentVolumeSource{
				HostPath: &v1.HostPathVolumeSource{Path: path},
			},
		},
	}, controller.ProvisioningFinished, nil
}

func (p *hostPath) Delete(_ context.Context, volume *v1.PersistentVolume) error {
	klog.Infof("Deleting volume %s", volume.Name)
	switch identity, ok := volume.Annotations[identityKey]; {
	case !ok:
		return errors.New("identity annotation not found on PV")
	case identity != p.identity:
		return &controller.IgnoredError{Reason: "identity annotation on PV does not match ours"}
	}
	return os.RemoveAll(volume.Spec.HostPath.Path)
}

func main() {
	klog.InitFlags(nil)
	name := flag.String("provisioner", "k8s.io/minikube-hostpath", "the provisioner's name in a StorageClass")
	folder := flag.String("folder", "/tmp/hostpath-provisioner", "where volumes are made")
	slow := flag.Duration("slow", 0, "how long the making of a volume takes")
	flag.Parse()
	klog.Info("Initializing the minikube storage provisioner...")
	config, err := rest.InClusterConfig()
	if err != nil {
		klog.Fatal(err)
	}
	client := kubernetes.NewForConfigOrDie(config)
	// So does minikube's, and ends the first time if it is started before kube-proxy has its rules.
	if _, err := client.Discovery().ServerVersion(); err != nil {
		klog.Fatalf("error getting server version: %v", err)
	}
	volumes := &hostPath{folder: *folder, slow: *slow, identity: string(uuid.NewUUID())}
	klog.Info("Storage provisioner initialized, now starting service!")
	// The library's defaults are minikube's: one lock, held for 15 s, renewed within 10, tried every 2.
	ctx := context.Background()
	controller.NewProvisionController(ctx, client, *name, volumes).Run(ctx)
}
